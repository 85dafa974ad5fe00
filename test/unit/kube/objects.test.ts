import { expect, it } from "vitest";
import type { ApiClient } from "../../../src/kube/api-client.ts";
import { applyObjects } from "../../../src/kube/objects.ts";

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
