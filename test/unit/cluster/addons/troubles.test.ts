import { beforeEach, describe, expect, test } from "vitest";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { enableAddon } from "../../../../src/addons/enable.ts";
import { addonTroubles } from "../../../../src/cluster/addons/troubles.ts";
import { Objects } from "../../../../src/kube/objects.ts";
import type { KubeObject } from "../../../../src/kube/api-client.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";
import { MemoryApi } from "../../addons/memory-api.ts";

const { signal } = new AbortController();
const server = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "server", namespace: "web" },
  spec: { replicas: 2 },
};
const path = "/apis/apps/v1/namespaces/web/deployments/server";
const ready = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

let api: MemoryApi;
let asked: string[];
beforeEach(() => {
  api = new MemoryApi();
  asked = [];
});
const change = (more: object): void => {
  const found = api.stored.get(path)!;
  api.stored.set(path, {
    ...found,
    ...more,
    metadata: { ...found.metadata, ...(more as KubeObject).metadata },
  });
};
async function enabled(probe: () => Promise<string> = () => Promise.resolve("seen")): Promise<void> {
  await enableAddon(
    { name: "web", version: "1", options: {}, objects: [server] },
    {
      ...{ objects: new Objects(api.client), signal, report: () => undefined, probe },
      wait: () => Promise.resolve(change({ status: ready })),
    },
  ).catch(() => undefined);
}
/** As the server answers: a kind that nobody has made an object of has an empty list. */
const troubles = (addons: readonly string[], former: readonly string[] = []) =>
  addonTroubles(
    {
      spec: sampleSpec({ addons: Object.fromEntries(addons.map((name) => [name, {}])) }),
      ...(former.length === 0
        ? {}
        : { formerAddons: Object.fromEntries(former.map((name) => [name, { purge: false }])) }),
    },
    {
      get: <T>(asking: string) => {
        asked.push(asking);
        return api.get(asking.split("?")[0]!) as Promise<T>;
      },
    },
    { signal },
  );

describe("a glance at addons", () => {
  test("takes four requests, and says nothing of those that are well", async () => {
    await enabled();
    expect(await troubles(["web"])).toEqual([]);
    expect(asked).toHaveLength(4);
  });

  test.each<[string, () => void | Promise<void>, object]>([
    [
      "not ready",
      () => change({ status: { ...ready, availableReplicas: 1 } }),
      { state: "degraded", problem: "Deployment web/server: 1 of 2 pods are ready" },
    ],
    [
      "gone",
      () => void api.stored.delete(path),
      { state: "drifted", problem: "Deployment web/server is gone, or was made again by somebody else" },
    ],
    ["another's", () => change({ metadata: { uid: "another" } }), { state: "drifted" }],
  ])("names one of which something is %s", async (_name, happens, trouble) => {
    await enabled();
    await happens();
    expect(await troubles(["web"])).toMatchObject([{ name: "web", ...trouble }]);
  });

  test("names what was interrupted, what failed, and what cannot be read", async () => {
    expect(await troubles(["web"])).toMatchObject([
      { state: "degraded", problem: "it is on record, but the cluster has nothing of it; start applies it" },
    ]);
    const failing = new LocalkubeError("ADDON_PROBE_FAILED", { addon: "web", seen: "a gap" });
    await enabled(() => Promise.reject(failing));
    expect(await troubles(["web"])).toEqual([{ name: "web", state: "degraded", problem: failing.message }]);
    expect(await troubles([], ["web"])).toMatchObject([{ problem: "disabling it was interrupted" }]);
    const map = "/api/v1/namespaces/localkube-addons/configmaps/web";
    api.stored.set(map, { ...api.stored.get(map)!, data: { "inventory.json": "{" } });
    expect(await troubles(["web"])).toMatchObject([{ name: "web", state: "degraded" }]);
  });

  test("says of what every cluster has only what its workloads show", async () => {
    await enabled();
    expect(await troubles([])).toEqual([]);
    api.stored.delete(path);
    expect(await troubles([])).toMatchObject([{ name: "web", state: "drifted" }]);
  });
});
