import { X509Certificate } from "node:crypto";
import { request, createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuthority, issueLeaf, type Pem } from "../../src/provision/pki/authority.ts";
import { KubeApi, type KubeJson } from "./addon-programs/kube-api.ts";
import { programSuite, type Running, until } from "./addon-programs/program.ts";
import { freePort } from "./cluster-dns/program.ts";

const suite = programSuite();
const base = "/apis/metrics.k8s.io/v1beta1";
const apiService = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io";
const root = { "X-Remote-User": "admin", "X-Remote-Group": "system:masters" };

let api: KubeApi;
let kubelet: FakeKubelet;
let cluster: Pem;
let proxies: Pem;
let proxy: Pem;
let port: number;

beforeEach(async () => {
  api = new KubeApi();
  cluster = await createAuthority("cluster");
  await api.listen(await serverOf(cluster));
  proxies = await createAuthority("proxies");
  proxy = await clientOf(proxies, "front-proxy-client");
  kubelet = new FakeKubelet();
  await kubelet.listen(await serverOf(cluster));
  api.put("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: {
      "requestheader-client-ca-file": proxies.certificate,
      "requestheader-allowed-names": '["front-proxy-client"]',
      "requestheader-username-headers": '["X-Remote-User"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    },
  });
  api.put("/api/v1/nodes/one", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "one", labels: { zone: "a" } },
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    },
  });
  pod("web", "front", { app: "web" }, ["main", "side"]);
  pod("web", "back", { app: "db" }, ["main"]);
  pod("other", "front", { app: "web" }, ["main"]);
  putApiService();
});
afterEach(() => Promise.all([api.close(), kubelet.close()]));

const leaf = (
  plan: { commonName: string; usages: readonly ("server" | "client")[]; ipAddresses?: string[] },
  by: Pem,
) => issueLeaf({ name: "test", authority: "ca", ...plan }, by);
const clientOf = (by: Pem, commonName: string) => leaf({ commonName, usages: ["client"] }, by);
const serverOf = (by: Pem) => leaf({ commonName: "one", usages: ["server"], ipAddresses: ["127.0.0.1"] }, by);

function pod(namespace: string, name: string, labels: object, containers: readonly string[]): void {
  api.put(`/api/v1/namespaces/${namespace}/pods/${name}`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: { nodeName: "one", containers: containers.map((container) => ({ name: container })) },
  });
}

const putApiService = () =>
  api.put(apiService, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1beta1.metrics.k8s.io" },
    spec: { service: { name: "metrics", namespace: "ns" } },
  });

/** Processor seconds that node and containers use in one second, and their bytes. */
const rates: Readonly<Record<string, readonly [cpu: number, memory: number]>> = {
  "node ": [0.75, 512 * 2 ** 20],
  'container {container="main",namespace="web",pod="front"}': [0.25, 3 * 2 ** 20],
  'container {container="side",namespace="web",pod="front"}': [0.125, 2 ** 20],
  'container {container="main",namespace="web",pod="back"}': [0.0625, 2 ** 20],
  'container {container="main",namespace="other",pod="front"}': [0.5, 2 ** 20],
};

/** Measures every time that it is asked, ten seconds later by its own clock than before. */
class FakeKubelet {
  port = 0;
  asked = 0;
  /** Left out of the answer. */
  readonly absent = new Set<string>();
  /** Containers whose counter began again at the last measurement. */
  readonly restarted = new Set<string>();
  readonly #started = Date.now();
  #server: Server | undefined;

  async listen({ certificate: cert, key }: Pem): Promise<void> {
    const server = createServer({ cert, key }, (asked, response) => {
      const isRight =
        asked.headers.authorization === "Bearer token-of-the-account" && asked.url === "/metrics/resource";
      if (isRight) this.asked++;
      response.writeHead(isRight ? 200 : 401).end(isRight ? this.#measured() : "");
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #measured(): string {
    const seconds = this.asked * 10;
    const at = this.#started + seconds * 1000;
    const lines = Object.entries(rates)
      .filter(([name]) => !this.absent.has(name))
      .flatMap(([name, [cpu, memory]]) => {
        const [of, labels] = name.split(" ");
        const used = this.restarted.has(name) ? 0 : 100 + cpu * seconds;
        return [
          `${of}_cpu_usage_seconds_total${labels} ${used} ${at}`,
          `${of}_memory_working_set_bytes${labels} ${memory} ${at}`,
        ];
      });
    return `${lines.join("\n")}\nscrape_error 0\n`;
  }
}

async function serve(): Promise<Running> {
  port = await freePort();
  const kubeconfig = `--kubeconfig=${await suite.kubeconfig(api.url, cluster.certificate)}`;
  const args = ["--namespace=ns", `--listen=127.0.0.1:${port}`, "--interval=250ms", kubeconfig];
  return suite.start(["metrics", ...args]);
}

interface Answer {
  readonly code: number;
  readonly body: string;
}

function ask(path: string, client?: Pem, headers: Record<string, string> = {}, ca?: string): Promise<Answer> {
  const verified = ca === undefined ? { rejectUnauthorized: false } : { ca, servername: "metrics.ns.svc" };
  const options = { host: "127.0.0.1", port, path, headers, agent: false, ...verified };
  return new Promise((resolve, reject) => {
    request({ ...options, ...(client ? { cert: client.certificate, key: client.key } : {}) }, (response) => {
      text(response).then((body) => resolve({ code: response.statusCode ?? 0, body }), reject);
    })
      .on("error", reject)
      .end();
  });
}

const readyCode = () =>
  ask("/readyz").then(
    ({ code }) => code,
    () => 0,
  );
const ready = (program: Running) => until(async () => (await readyCode()) === 200, "readiness", program);

async function get<T = KubeJson>(path: string, headers: Record<string, string> = root): Promise<T> {
  const { code, body } = await ask(path, proxy, headers);
  if (code !== 200) throw new Error(`${code} ${body}`);
  return JSON.parse(body) as T;
}

const names = async (path: string) => {
  const { items } = await get<{ items: KubeJson[] }>(path);
  return items.map(({ metadata }) => [metadata.namespace, metadata.name].filter(Boolean).join("/"));
};

describe("metrics.k8s.io", () => {
  test("tells rates between two measurements of the kubelet, by node, namespace, name and labels", async () => {
    const program = await serve();
    await ready(program);
    expect(await get(`${base}/nodes/one`)).toMatchObject({
      kind: "NodeMetrics",
      apiVersion: "metrics.k8s.io/v1beta1",
      metadata: { name: "one", labels: { zone: "a" } },
      window: "10s",
      usage: { cpu: "750m", memory: "512Mi" },
    });
    expect(await get(`${base}/namespaces/web/pods/front`)).toMatchObject({
      kind: "PodMetrics",
      metadata: { namespace: "web", name: "front", labels: { app: "web" } },
      containers: [
        { name: "main", usage: { cpu: "250m", memory: "3Mi" } },
        { name: "side", usage: { cpu: "125m", memory: "1Mi" } },
      ],
    });
    expect(await names(`${base}/nodes`)).toEqual(["one"]);
    expect(await names(`${base}/nodes?labelSelector=zone%3Db`)).toEqual([]);
    expect(await names(`${base}/pods`)).toEqual(["other/front", "web/back", "web/front"]);
    expect(await names(`${base}/namespaces/web/pods`)).toEqual(["web/back", "web/front"]);
    expect(await names(`${base}/pods?labelSelector=app%3Dweb`)).toEqual(["other/front", "web/front"]);
    expect(await names(`${base}/pods?fieldSelector=metadata.name%3Dback`)).toEqual(["web/back"]);
  });

  test("leaves a pod out until all its containers were measured twice, and after one was restarted", async () => {
    const side = 'container {container="side",namespace="web",pod="front"}';
    kubelet.absent.add(side);
    const program = await serve();
    await ready(program);
    expect(await names(`${base}/namespaces/web/pods`)).toEqual(["web/back"]);
    kubelet.absent.delete(side);
    const both = async () => (await names(`${base}/namespaces/web/pods`)).length === 2;
    await until(both, "the second pod", program);
    kubelet.restarted.add(side);
    await until(async () => !(await both()), "leaving the pod out", program);
  });

  test("says what it serves, and refuses what it does not", async () => {
    const program = await serve();
    await ready(program);
    expect(await get(base)).toMatchObject({
      kind: "APIResourceList",
      resources: [
        { name: "nodes", namespaced: false, kind: "NodeMetrics", verbs: ["get", "list"] },
        { name: "pods", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] },
      ],
    });
    expect(await get("/apis/metrics.k8s.io")).toMatchObject({ kind: "APIGroup", name: "metrics.k8s.io" });
    expect(await get("/apis")).toMatchObject({ kind: "APIGroupList", groups: [{ name: "metrics.k8s.io" }] });
    const codes = [
      `${base}/nodes/two`,
      `${base}/namespaces/web/pods/none`,
      `${base}/pods/front`,
      `${base}/services`,
      "/openapi/v2",
      `${base}/pods?labelSelector=%3D%3D`,
      `${base}/pods?fieldSelector=spec.nodeName%3Done`,
      `${base}/pods?watch=true`,
    ].map(async (path) => (await ask(path, proxy, root)).code);
    expect(await Promise.all(codes)).toEqual([404, 404, 404, 404, 404, 400, 400, 405]);
  });
});

describe("who may ask", () => {
  test("is only the front proxy, by a certificate of its own authority and one of the names", async () => {
    const program = await serve();
    await ready(program);
    const path = `${base}/nodes`;
    const answers = [
      ask(path, undefined, root),
      ask(path, await clientOf(cluster, "front-proxy-client"), root),
      ask(path, await clientOf(proxies, "somebody"), root),
      ask(path, await leaf({ commonName: "front-proxy-client", usages: ["server"] }, proxies), root),
      ask(path, proxy),
      ask(path, proxy, root),
    ];
    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual([401, 401, 401, 401, 401, 200]);
  });

  test("is asked of the API server, for the user whom the proxy names", async () => {
    const program = await serve();
    await ready(program);
    api.mayDo = ({ user }) => user === "admin";
    const headers = {
      "X-Remote-User": "eve",
      "X-Remote-Group": "devs",
      "X-Remote-Extra-Example.com%2fkey": "v",
    };
    const refused = await ask(`${base}/namespaces/web/pods/front`, proxy, headers);
    expect([refused.code, JSON.parse(refused.body)]).toMatchObject([
      403,
      { kind: "Status", reason: "Forbidden" },
    ]);
    expect(api.reviews.at(-1)).toEqual({
      user: "eve",
      groups: ["devs"],
      extra: { "example.com/key": ["v"] },
      resourceAttributes: {
        namespace: "web",
        verb: "get",
        group: "metrics.k8s.io",
        version: "v1beta1",
        resource: "pods",
        name: "front",
      },
    });
    expect((await ask(`${base}/pods`, proxy, root)).code).toBe(200);
  });
});

test("the APIService names the certificate that is served, also after somebody applied it again", async () => {
  api.remove(apiService);
  const program = await serve();
  await until(async () => (await readyCode()) !== 0, "serving", program);
  putApiService();
  const bundle = () => (api.get(apiService)?.["spec"] as { caBundle?: string } | undefined)?.caBundle;
  const authority = Buffer.from(await until(bundle, "a bundle", program), "base64").toString();
  expect(new X509Certificate(authority).checkHost("metrics.ns.svc")).toBe("metrics.ns.svc");
  await ready(program);
  expect((await ask("/readyz", undefined, {}, authority)).code).toBe(200);
  putApiService();
  expect(bundle()).toBeUndefined();
  await until(bundle, "the bundle once more", program);
});

test("a kubelet whose certificate is of another authority is not believed", async () => {
  await kubelet.close();
  await kubelet.listen(await serverOf(await createAuthority("cluster")));
  const program = await serve();
  await until(() => program.output().includes("node one: "), "a message", program);
  expect([await readyCode(), kubelet.asked]).toEqual([503, 0]);
});
