import { beforeEach, describe, expect, test } from "vitest";
import { probeAddon, probeNamespace } from "../../../src/addons/probe.ts";
import { memberLabel } from "../../../src/addons/inventory.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { ApiResponse, KubeObject } from "../../../src/kube/api-client.ts";
import { Objects } from "../../../src/kube/objects.ts";
import { MemoryApi } from "./memory-api.ts";

const { signal } = new AbortController();
let memory: MemoryApi;
let answers: Record<string, ApiResponse>;
let asked: string[];

beforeEach(() => {
  memory = new MemoryApi();
  answers = {};
  asked = [];
});

const api = {
  get: <T>(path: string) => Promise.resolve(memory.stored.get(path) as T | undefined),
  send: (path: string) => {
    asked.push(path);
    return Promise.resolve(answers[path] ?? { status: 404, body: "nothing here" });
  },
};
const probe = (what: Parameters<typeof probeAddon>[0], more: object = {}) =>
  probeAddon(what, {
    ...{ addon: "web", namespace: "web", api, objects: new Objects(memory.client), signal, limitMs: 0 },
    ...{ report: () => undefined, made: [], resolves: () => Promise.resolve(false) },
    ...more,
  }).catch((error: unknown) => {
    if (error instanceof LocalkubeError) return `${error.id} ${error.message} | ${error.output ?? ""}`;
    throw error;
  });

describe("a probe over HTTP", () => {
  const http = { type: "http", service: "web", port: 80, path: "/", scheme: "http" } as const;
  const url = "/api/v1/namespaces/web/services/web:80/proxy/";

  test("asks the Service through the API server, and tells the answer", async () => {
    answers[url] = { status: 200, body: "<h1>hello</h1>" };
    expect(await probe({ ...http, contains: "hello" })).toBe(
      "the Service web/web answered / on port 80 with HTTP 200",
    );
    expect(await probe({ ...http, contains: "welcome" })).toMatch(
      /^ADDON_PROBE_FAILED .*but without 'welcome': <h1>hello<\/h1>/,
    );
  });

  test("a refusal is told with its text", async () => {
    answers[url] = { status: 503, body: "no endpoints\n available" };
    expect(await probe(http)).toMatch(/with HTTP 503: no endpoints available/);
  });

  test("speaks TLS with a Service that does, also in another namespace", async () => {
    await probe({ ...http, scheme: "https", namespace: "other", port: "api" });
    expect(asked).toContain("/api/v1/namespaces/other/services/https:web:api/proxy/");
  });

  test("waits for an answer that comes later", async () => {
    setTimeout(() => (answers[url] = { status: 200, body: "" }), 600);
    expect(await probe(http, { limitMs: 10_000 })).toContain("HTTP 200");
  });
});

describe("a probe of the API", () => {
  const path = "/apis/metrics.k8s.io/v1beta1/nodes";
  const what = { type: "api", path, has: "items.0.usage.cpu" } as const;

  test("wants something at the place", async () => {
    answers[path] = { status: 200, body: '{"items":[{"usage":{"cpu":"31m"}}]}' };
    expect(await probe(what)).toBe(`the answer to ${path} has items.0.usage.cpu: "31m"`);
    answers[path] = { status: 200, body: '{"items":[]}' };
    expect(await probe(what)).toMatch(/^ADDON_PROBE_FAILED .* has nothing at items\.0\.usage\.cpu/);
    expect(await probe({ ...what, has: "items" })).toContain("ADDON_PROBE_FAILED");
    answers[path] = { status: 503, body: "starting" };
    expect(await probe(what)).toContain("HTTP 503: starting");
  });
});

describe("a probe with objects", () => {
  const what = { type: "objects", objects: "probe.yaml", pod: "writer" } as const;
  const namespace = probeNamespace("web");
  const made: KubeObject[] = [
    { apiVersion: "v1", kind: "Pod", metadata: { name: "writer" }, spec: {} },
    { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data" } },
  ];
  const podPath = `/api/v1/namespaces/${namespace}/pods/writer`;
  const ends = (phase: string, log: string) => {
    memory.after = (path) => {
      if (path !== podPath) return;
      memory.stored.set(path, { ...memory.stored.get(path)!, status: { phase } });
      answers[`${podPath}/log?tailLines=8`] = { status: 200, body: log };
    };
  };
  beforeEach(() => {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    memory.stored.set(`/api/v1/namespaces/${namespace}/serviceaccounts/default`, account);
  });
  const left = () => [...memory.stored.keys()].filter((path) => path === `/api/v1/namespaces/${namespace}`);

  test("makes them in a namespace of its own, tells the pod's last line, and removes the namespace", async () => {
    ends("Succeeded", "writing\nread back 5 bytes\n");
    expect(await probe(what, { made })).toBe("read back 5 bytes");
    expect(memory.log).toEqual([
      `PATCH /api/v1/namespaces/${namespace}`,
      `PATCH /api/v1/namespaces/${namespace}/persistentvolumeclaims/data`,
      `PATCH ${podPath}`,
      `DELETE /api/v1/namespaces/${namespace}`,
    ]);
    expect(left()).toEqual([]);
  });

  test("a pod that fails is told with its lines, and nothing stays", async () => {
    ends("Failed", "disk full");
    expect(await probe(what, { made })).toMatch(/^ADDON_PROBE_FAILED .*ended with an error \| disk full$/);
    expect(left()).toEqual([]);
  });

  test("what an aborted probe made is removed", async () => {
    const abort = new AbortController();
    memory.after = (path) => path === podPath && abort.abort(new Error("interrupted"));
    await expect(probe(what, { made, signal: abort.signal, limitMs: 60_000 })).rejects.toThrow("interrupted");
    expect(left()).toEqual([]);
  });

  test("what a killed probe left is removed first; a namespace of somebody else stays", async () => {
    const place = `/api/v1/namespaces/${namespace}`;
    const metadata = { name: namespace, uid: "old", labels: memberLabel("web") };
    memory.stored.set(place, { apiVersion: "v1", kind: "Namespace", metadata });
    ends("Succeeded", "fine");
    expect(await probe(what, { made })).toBe("fine");
    expect(memory.log[0]).toBe(`DELETE ${place}`);
    memory.stored.set(place, { apiVersion: "v1", kind: "Namespace", metadata: { ...metadata, labels: {} } });
    expect(await probe(what, { made })).toMatch(/there is a namespace .* already/);
    expect(left()).toEqual([place]);
  });
});
