import { expect, it } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { ApiClient, ApiRequest } from "../../../src/kube/api-client.ts";
import { applyObjects, Objects } from "../../../src/kube/objects.ts";

const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } };
const path = "/api/v1/namespaces/default/configmaps/a";

/** An API server of one object: `stored` is what is there, `answer` what the server makes of the apply. */
function server(stored: object | undefined, answer: object): ApiClient {
  return {
    get: (asked: string) =>
      Promise.resolve(
        asked === path
          ? stored
          : { resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }] },
      ),
    send: () => Promise.resolve({ status: 200, body: JSON.stringify(answer) }),
  } as unknown as ApiClient;
}

it.each([
  ["there was none", undefined, object, true],
  ["its content is another now", { ...object, data: { k: "old" } }, object, true],
  ["a field was given back", { ...object, extra: 1 }, object, true],
  [
    "only what the server keeps differs",
    { ...object, metadata: { name: "a", resourceVersion: "1" }, status: { x: 1 } },
    { ...object, metadata: { name: "a", resourceVersion: "2", managedFields: [] } },
    false,
  ],
])("an apply changed something when %s: %o", async (_why, stored, answer, changed) => {
  expect(await applyObjects(server(stored, answer), [object], new AbortController().signal)).toBe(changed);
});

it("an APIService is created, and merged into one that is there: not every server can apply it", async () => {
  const service = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1beta1.metrics.k8s.io" },
    spec: { group: "metrics.k8s.io", version: "v1beta1" },
  };
  const collection = "/apis/apiregistration.k8s.io/v1/apiservices";
  const one = `${collection}/v1beta1.metrics.k8s.io`;
  let stored: object | undefined;
  const asked: string[] = [];
  const api = {
    get: (place: string) =>
      Promise.resolve(
        place === one
          ? stored
          : { resources: [{ name: "apiservices", kind: "APIService", namespaced: false }] },
      ),
    send: (place: string, { method, contentType, body = "" }: ApiRequest) => {
      asked.push(`${method} ${place} ${contentType}`);
      stored = { ...stored, ...(JSON.parse(body) as object) };
      return Promise.resolve({ status: method === "POST" ? 201 : 200, body: JSON.stringify(stored) });
    },
  } as unknown as ApiClient;
  const { signal } = new AbortController();
  expect(await new Objects(api).apply(service, signal)).toMatchObject({ changed: true });
  expect(await new Objects(api).apply(service, signal)).toMatchObject({ changed: false });
  expect(asked).toEqual([`POST ${collection} application/json`, `PATCH ${one} application/merge-patch+json`]);
});

const refused = (place: string, status: number) =>
  new LocalkubeError("API_REFUSED", { method: "GET", path: place, status });

it.each([
  ["whose server is away is passed over", 503, { service: { name: "metrics" } }, true],
  ["that refuses for another reason is not", 500, { service: { name: "metrics" } }, false],
  ["that no server of its own serves is not", 503, { service: null }, false],
])("what is in a namespace: an API %s", async (_why, status, spec, isPassedOver) => {
  const answers: Record<string, object | Error> = {
    "/apis": { groups: [{ preferredVersion: { groupVersion: "metrics.k8s.io/v1beta1" } }] },
    "/api/v1": {
      resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true, verbs: ["list", "delete"] }],
    },
    "/api/v1/namespaces/web/configmaps": { items: [{ metadata: { name: "mine" } }] },
    "/apis/metrics.k8s.io/v1beta1": refused("/apis/metrics.k8s.io/v1beta1", status),
    "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io": { spec },
  };
  const api = {
    get: (place: string) => {
      const answer = answers[place];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  } as unknown as ApiClient;
  const found = new Objects(api).inNamespace("web", new AbortController().signal);
  if (isPassedOver)
    expect(await found).toEqual([{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine" } }]);
  else await expect(found).rejects.toThrow(`status ${status}`);
});

it("the core that does not answer is no empty namespace", async () => {
  const api = {
    get: (place: string) =>
      place === "/apis" ? Promise.resolve({ groups: [] }) : Promise.reject(refused(place, 503)),
  } as unknown as ApiClient;
  const found = new Objects(api).inNamespace("web", new AbortController().signal);
  await expect(found).rejects.toThrow("status 503");
});
