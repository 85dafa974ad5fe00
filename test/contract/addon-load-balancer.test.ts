import { randomInt } from "node:crypto";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KubeApi, type KubeJson } from "./addon-programs/kube-api.ts";
import { programSuite, type Running, until } from "./addon-programs/program.ts";
import { freePort } from "./cluster-dns/program.ts";

const suite = programSuite();
const manager = "localkube.local/load-balancer";
const deployment = "/apis/apps/v1/namespaces/lb/deployments/lb";
// Addresses of the loopback interface, all of whose network is this computer's anyway.
const net = `127.${randomInt(100, 250)}.${randomInt(1, 250)}`;
let api: KubeApi;

beforeEach(async () => {
  api = new KubeApi();
  await api.listen();
  api.put("/api/v1/nodes/one", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "one" },
    status: { addresses: [{ type: "InternalIP", address: `${net}.10` }] },
  });
  putDeployment();
});
afterEach(async () => {
  // One that ends because its Deployment is gone gives all addresses back.
  api.remove(deployment);
  const program = await serve();
  await program.end();
  await api.close();
  expect(onInterface()).toEqual([]);
});

const putDeployment = () =>
  api.put(deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "lb", namespace: "lb" },
  });

async function serve(range = `${net}.10-${net}.12`): Promise<Running> {
  const port = await freePort();
  const program = suite.start([
    "load-balancer",
    "--node-address=127.0.0.1",
    `--range=${range}`,
    "--deployment=lb/lb",
    `--listen=127.0.0.1:${port}`,
    `--kubeconfig=${await suite.kubeconfig(api.url)}`,
  ]);
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(ready, "readiness", program);
  return program;
}

/** Addresses with the program's label, under which the system lists them. */
const onInterface = (): readonly string[] =>
  (networkInterfaces()["lo:lb"] ?? [])
    .map(({ address }) => address)
    .filter((address) => address.startsWith(`${net}.`))
    .sort();

const pathOf = (name: string) => `/api/v1/namespaces/web/services/${name}`;

function service(name: string, spec: object = {}, more: object = {}): KubeJson {
  return api.put(pathOf(name), {
    apiVersion: "v1",
    kind: "Service",
    spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
    ...more,
    metadata: { name, namespace: "web", ...(more as { metadata?: object }).metadata },
  });
}

/** As the API server keeps it after the program's write: the API in memory has no managed fields. */
const written = (ip: string) => ({
  metadata: { managedFields: [{ manager }] },
  status: { loadBalancer: { ingress: [{ ip }] } },
});

function ipOf(name: string): string | undefined {
  const status = api.get(pathOf(name))?.["status"] as
    { loadBalancer?: { ingress?: { ip: string }[] } } | undefined;
  return status?.loadBalancer?.ingress?.[0]?.ip;
}

const messages = () =>
  api.list("/api/v1/events").map(({ reason, message }) => `${String(reason)}: ${String(message)}`);

test("gives Services with one port an address each, none that a node has, and says when there is none left", async () => {
  const program = await serve();
  service("a");
  await until(() => ipOf("a"), "an address", program);
  service("a", {}, written(ipOf("a")!));
  service("b");
  await until(() => ipOf("b"), "a second address", program);
  expect([ipOf("a"), ipOf("b")]).toEqual([`${net}.11`, `${net}.12`]);
  service("b", {}, written(ipOf("b")!));
  await until(() => onInterface().length === 2, "two addresses", program);
  service("c");
  const told = await until(
    () => messages().find((text) => text.startsWith("NoAddress")),
    "an event",
    program,
  );
  expect(told).toBe(`NoAddress: all addresses from ${net}.10 to ${net}.12 are taken`);
  api.remove(pathOf("a"));
  await until(() => ipOf("c") === `${net}.11`, "the address that became free", program);
});

test("takes address and status back when the type changes, and when its Deployment is deleted", async () => {
  const program = await serve();
  service("a", { type: "ClusterIP" }, written(`${net}.11`));
  await until(() => ipOf("a") === undefined, "taking back", program);
  service("b", {}, written(`${net}.12`));
  await until(() => onInterface().length === 1, "an address", program);
  await program.end(); // a restart keeps everything
  expect([ipOf("b"), onInterface()]).toEqual([`${net}.12`, [`${net}.12`]]);
  const next = await serve();
  api.remove(deployment);
  await next.end();
  expect([ipOf("b"), onInterface()]).toEqual([undefined, []]);
});

test("leaves Services of another class alone, and statuses that somebody else wrote", async () => {
  service("foreign", { loadBalancerClass: "example.com/other" });
  const other = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } } };
  service("written", {}, other);
  service("changed", { type: "ClusterIP" }, other);
  const program = await serve();
  service("named", { loadBalancerClass: manager });
  await until(() => ipOf("named"), "an address for the class of our name", program);
  expect([ipOf("foreign"), ipOf("written"), ipOf("changed")]).toEqual([undefined, "192.0.2.7", "192.0.2.7"]);
});

test("respects the address that a Service asks for, or says why not", async () => {
  const program = await serve();
  service("a", { loadBalancerIP: `${net}.12` });
  await until(() => ipOf("a") === `${net}.12`, "the address", program);
  service("b", { loadBalancerIP: `${net}.10` });
  service("c", { loadBalancerIP: "192.0.2.1" });
  const refused = () => messages().filter((text) => text.startsWith("NoAddress: loadBalancerIP"));
  await until(() => refused().length === 2, "two events", program);
  expect([ipOf("b"), ipOf("c")]).toEqual([undefined, undefined]);
});

test("gives another address when the range was changed", async () => {
  service("a", {}, written(`${net}.99`));
  const program = await serve(`${net}.12/31`);
  await until(() => ipOf("a") === `${net}.12`, "an address of the range", program);
});
