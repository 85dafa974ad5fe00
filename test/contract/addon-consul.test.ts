import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KubeApi } from "./addon-programs/kube-api.ts";
import { programSuite, type Running, until } from "./addon-programs/program.ts";
import { askTcp, askUdp } from "./cluster-dns/ask.ts";
import { codes, type DnsMessage, types } from "./cluster-dns/dns-message.ts";
import { freePort } from "./cluster-dns/program.ts";

const suite = programSuite();
let api: KubeApi;
let dnsPort: number;
let url: string;

beforeEach(async () => {
  api = new KubeApi();
  await api.listen();
  api.put("/api/v1/nodes/one", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "one" },
    status: { addresses: [{ type: "InternalIP", address: "192.0.2.10" }] },
  });
});
afterEach(() => api.close());

async function serve(): Promise<Running> {
  dnsPort = await freePort();
  url = `http://127.0.0.1:${await freePort()}`;
  const program = suite.start([
    "consul",
    `--listen=${url.slice("http://".length)}`,
    `--dns-listen=127.0.0.1:${dnsPort}`,
    "--address=192.0.2.99",
    `--data=${join(suite.folder, "kv.json")}`,
    `--kubeconfig=${await suite.kubeconfig(api.url)}`,
  ]);
  const ready = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(ready, "readiness", program);
  return program;
}

interface ServiceMore {
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ports?: readonly object[];
}

const pathOf = (kind: string, name: string, namespace = "default") =>
  `/api/v1/namespaces/${namespace}/${kind}/${name}`;

function service(name: string, { namespace = "default", annotations = {}, ports = [] }: ServiceMore = {}) {
  api.put(pathOf("services", name, namespace), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, annotations },
    spec: { ports },
  });
}

/** Its pods: the ready ones, and those that are not. */
function pods(
  name: string,
  ready: readonly string[],
  {
    notReady = [],
    namespace = "default",
    ports = [{ port: 8080 }],
  }: { notReady?: readonly string[]; namespace?: string; ports?: readonly object[] } = {},
) {
  const addresses = (ips: readonly string[]) => ips.map((ip) => ({ ip, nodeName: "one" }));
  api.put(pathOf("endpoints", name, namespace), {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name, namespace },
    subsets: [
      {
        ...(ready.length > 0 ? { addresses: addresses(ready) } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: addresses(notReady) } : {}),
        ports,
      },
    ],
  });
}

function removeService(name: string) {
  for (const kind of ["services", "endpoints"]) api.remove(pathOf(kind, name));
}

const ask = (name: string, type = types.A): Promise<DnsMessage> => askUdp(dnsPort, { name, type });
const addressesOf = async (name: string) => (await ask(name)).answers.map(({ text }) => text);
const sorted = async (name: string) => [...(await addressesOf(name))].sort();
const isUnknown = async (name: string) => (await ask(name)).flags.rcode === codes.NXDOMAIN;

async function get<T>(path: string): Promise<T> {
  const reply = await fetch(`${url}/v1/${path}`);
  if (!reply.ok) throw new Error(`${path}: HTTP ${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as T;
}

describe("names", () => {
  test("two pods behind one name take turns; one is killed, then the Service is deleted", async () => {
    service("web");
    pods("web", ["10.244.0.11", "10.244.0.12"]);
    const program = await serve();
    const firsts: (string | undefined)[] = [];
    for (let turn = 0; turn < 4; turn++) firsts.push((await addressesOf("web.service.consul"))[0]);
    expect([...firsts].sort()).toEqual(["10.244.0.11", "10.244.0.11", "10.244.0.12", "10.244.0.12"]);
    expect(firsts[0]).not.toBe(firsts[1]);
    expect(firsts[0]).toBe(firsts[2]);

    pods("web", ["10.244.0.12"]);
    await until(async () => (await addressesOf("web.service.consul")).length === 1, "one less", program);
    expect(await addressesOf("web.service.consul")).toEqual(["10.244.0.12"]);

    const begun = performance.now();
    removeService("web");
    await until(() => isUnknown("web.service.consul"), "NXDOMAIN", program);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(await get("catalog/service/web")).toEqual([]);
    expect(await get<object>("catalog/services")).not.toHaveProperty("web");
  });

  test("what is not ready is not there, neither by DNS nor in the catalogue", async () => {
    service("web");
    pods("web", ["10.244.0.11"], { notReady: ["10.244.0.12"] });
    service("slow");
    pods("slow", [], { notReady: ["10.244.0.13"] });
    await serve();
    expect(await addressesOf("web.service.consul")).toEqual(["10.244.0.11"]);
    expect(await isUnknown("slow.service.consul")).toBe(true);
    expect(await get("health/service/slow")).toEqual([]);
    expect(Object.keys(await get<object>("catalog/services"))).toEqual(["web"]);
  });

  test("live for no time, and neither does their absence", async () => {
    service("web");
    pods("web", ["10.244.0.11"]);
    await serve();
    expect((await ask("web.service.consul")).answers.map(({ ttl }) => ttl)).toEqual([0]);
    const [soa] = (await ask("other.service.consul")).authority;
    expect([soa?.type, soa?.ttl, soa?.data.readUInt32BE(soa.data.length - 4)]).toEqual([types.SOA, 0, 0]);
  });

  test("of other namespaces have the namespace in them, and annotations say another name, tags, or none", async () => {
    service("web");
    pods("web", ["10.244.0.11"]);
    service("web", { namespace: "shop" });
    pods("web", ["10.244.0.12"], { namespace: "shop" });
    service("db", {
      annotations: { "localkube.local/consul-name": "store", "localkube.local/consul-tags": "main, v1.2" },
    });
    pods("db", ["10.244.0.13"]);
    service("db-copy", {
      annotations: {
        "consul.hashicorp.com/service-name": "store",
        "consul.hashicorp.com/service-tags": "copy",
      },
    });
    pods("db-copy", ["10.244.0.14"]);
    service("hidden", { annotations: { "consul.hashicorp.com/service-sync": "false" } });
    pods("hidden", ["10.244.0.15"]);
    await serve();
    expect(await get("catalog/services")).toEqual({
      web: [],
      "web-shop": [],
      store: ["copy", "main", "v1.2"],
    });
    expect(await addressesOf("web-shop.service.consul")).toEqual(["10.244.0.12"]);
    expect(await sorted("store.service.consul")).toEqual(["10.244.0.13", "10.244.0.14"]);
    expect(await addressesOf("main.store.service.consul")).toEqual(["10.244.0.13"]);
    expect(await addressesOf("v1.2.STORE.service.dc1.consul")).toEqual(["10.244.0.13"]);
    expect(await addressesOf("_store._copy.service.consul")).toEqual(["10.244.0.14"]);
    expect(await sorted("_store._tcp.service.consul")).toEqual(["10.244.0.13", "10.244.0.14"]);
    expect(await isUnknown("other.store.service.consul")).toBe(true);
    expect(await isUnknown("hidden.service.consul")).toBe(true);
  });

  test("have ports by SRV, whose targets can be asked for, too", async () => {
    service("web", { ports: [{ name: "http", port: 80 }] });
    const ports = [
      { name: "metrics", port: 9090 },
      { name: "http", port: 8080 },
    ];
    pods("web", ["10.244.0.11"], { ports });
    await serve();
    const reply = await ask("_web._tcp.service.consul", types.SRV);
    const [srv] = reply.answers;
    expect(srv?.data.readUInt16BE(4)).toBe(8080);
    expect(reply.additional.map(({ name, text }) => [name, text])).toEqual([
      ["0af4000b.addr.dc1.consul.", "10.244.0.11"],
    ]);
    expect(await addressesOf("0af4000b.addr.dc1.consul")).toEqual(["10.244.0.11"]);
    expect(await addressesOf("one.node.consul")).toEqual(["192.0.2.10"]);
  });

  test("of many pods are cut by UDP and whole by TCP; other types and zones are told apart", async () => {
    const many = Array.from({ length: 60 }, (_, index) => `10.244.1.${index + 1}`);
    service("many");
    pods("many", many);
    await serve();
    const cut = await ask("many.service.consul");
    expect([cut.flags.tc, cut.size <= 512]).toEqual([true, true]);
    const [whole] = await askTcp(dnsPort, [{ name: "many.service.consul", type: types.A }]);
    expect(whole?.answers).toHaveLength(60);
    const none = await ask("many.service.consul", types.AAAA);
    expect([none.flags.rcode, none.answers]).toEqual([codes.NOERROR, []]);
    expect((await ask("www.example.com")).flags.rcode).toBe(codes.REFUSED);
  });

  test("go on from memory while the API is away", async () => {
    service("web");
    pods("web", ["10.244.0.11"]);
    await serve();
    await api.close();
    expect(await addressesOf("web.service.consul")).toEqual(["10.244.0.11"]);
  });
});

describe("catalogue", () => {
  test("tells what clients ask when they connect, and where each instance is", async () => {
    service("web", { annotations: { "localkube.local/consul-tags": "v1" }, ports: [{ port: 80 }] });
    pods("web", ["10.244.0.11"]);
    await serve();
    expect(await get("status/leader")).toBe("192.0.2.99:8300");
    expect(await get("agent/self")).toMatchObject({ Config: { Datacenter: "dc1", Server: true } });
    expect(await get("catalog/nodes")).toMatchObject([{ Node: "one", Address: "192.0.2.10" }]);
    expect(await get("catalog/node/one")).toMatchObject({
      Node: { Node: "one" },
      Services: { "default/web/10.244.0.11": { Service: "web", Port: 8080 } },
    });
    expect(await get("catalog/service/web")).toMatchObject([
      {
        Node: "one",
        ServiceName: "web",
        ServiceTags: ["v1"],
        ServiceAddress: "10.244.0.11",
        ServicePort: 8080,
      },
    ]);
    expect(await get("health/service/web?passing")).toMatchObject([
      {
        Node: { Node: "one", Address: "192.0.2.10" },
        Service: { Service: "web", Address: "10.244.0.11", Port: 8080 },
        Checks: [{ Status: "passing" }],
      },
    ]);
    expect(await get("health/service/web?tag=other")).toEqual([]);
  });

  test("a blocking query returns with the change of its name, not with another's, and at its time", async () => {
    service("web");
    pods("web", ["10.244.0.11"]);
    const program = await serve();
    const first = await fetch(`${url}/v1/health/service/web`);
    const index = first.headers.get("x-consul-index")!;
    expect(Number(index)).toBeGreaterThan(0);
    let ended = false;
    const blocked = fetch(`${url}/v1/health/service/web?index=${index}&wait=10s`).finally(
      () => (ended = true),
    );
    service("other");
    pods("other", ["10.244.0.20"]);
    await until(async () => !(await isUnknown("other.service.consul")), "the other name", program);
    expect(ended).toBe(false);
    pods("web", ["10.244.0.11", "10.244.0.12"]);
    const reply = await blocked;
    expect(await reply.json()).toHaveLength(2);
    const now = reply.headers.get("x-consul-index")!;
    expect(Number(now)).toBeGreaterThan(Number(index));
    const begun = performance.now();
    await fetch(`${url}/v1/health/service/web?index=${now}&wait=200ms`);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(190);
  });

  test("refuses what it would answer wrongly, and says what it is not", async () => {
    await serve();
    const text = async (path: string, method = "GET") => {
      const reply = await fetch(`${url}/v1/${path}`, { method });
      return [reply.status, (await reply.text()).trim()];
    };
    expect(await text("catalog/nodes?filter=Node==x")).toEqual([400, expect.stringContaining("?filter=")]);
    expect(await text("catalog/nodes?dc=dc2")).toEqual([500, "No path to datacenter"]);
    expect(await text("agent/service/register", "PUT")).toEqual([
      501,
      "services are registered by Services of Kubernetes, and by nothing else",
    ]);
    expect(await text("session/create", "PUT")).toEqual([501, expect.stringContaining("/v1/session/create")]);
    expect(await text("catalog/nodes?index=soon")).toEqual([400, expect.stringContaining("Invalid index")]);
  });
});

describe("key-value store", () => {
  const put = async (key: string, body: string) =>
    (await fetch(`${url}/v1/kv/${key}`, { method: "PUT", body })).json();
  const status = async (key: string, init?: RequestInit) => (await fetch(`${url}/v1/kv/${key}`, init)).status;

  interface Entry {
    readonly Key: string;
    readonly Value: string;
    readonly Flags: number;
    readonly CreateIndex: number;
    readonly ModifyIndex: number;
  }

  test("keeps values over a kill, by key and by prefix", async () => {
    const program = await serve();
    expect(await put("app/a?flags=7", "one")).toBe(true);
    expect(await put("app/b/c", "two")).toBe(true);
    await program.kill();
    await serve();
    const [a] = await get<Entry[]>("kv/app/a");
    expect([a?.Key, a?.Flags, Buffer.from(a?.Value ?? "", "base64").toString()]).toEqual(["app/a", 7, "one"]);
    expect(await (await fetch(`${url}/v1/kv/app/b/c?raw`)).text()).toBe("two");
    expect((await get<Entry[]>("kv/app?recurse")).map(({ Key }) => Key)).toEqual(["app/a", "app/b/c"]);
    expect(await get("kv/app/?keys&separator=/")).toEqual(["app/a", "app/b/"]);
    expect(await status("app/none")).toBe(404);
    expect(await status("app?recurse", { method: "DELETE" })).toBe(200);
    expect(await status("app/a")).toBe(404);
  });

  test("lets one of two writers win, and wakes who waits", async () => {
    await serve();
    expect(await put("lock?cas=0", "first")).toBe(true);
    expect(await put("lock?cas=0", "second")).toBe(false);
    const [entry] = await get<Entry[]>("kv/lock");
    const waiting = get<Entry[]>(`kv/lock?index=${entry!.ModifyIndex}&wait=10s`);
    expect(await put(`lock?cas=${entry!.ModifyIndex}`, "third")).toBe(true);
    expect(Buffer.from((await waiting)[0]!.Value, "base64").toString()).toBe("third");
    const gone = await fetch(`${url}/v1/kv/lock?cas=${entry!.ModifyIndex}`, { method: "DELETE" });
    expect(await gone.json()).toBe(false);
  });

  test("refuses values that are too large, and sessions", async () => {
    await serve();
    expect(await status("large", { method: "PUT", body: "x".repeat(600 << 10) })).toBe(413);
    expect(await status("large")).toBe(404);
    expect(await status("a?acquire=b", { method: "PUT", body: "x" })).toBe(400);
  });
});
