import { beforeEach, describe, expect, test } from "vitest";
import { type AddonPlan, enableAddon } from "../../../src/addons/enable.ts";
import { loadInventory } from "../../../src/addons/inventory-store.ts";
import { rememberAddon, takeBack } from "../../../src/addons/take-back.ts";
import { Objects } from "../../../src/kube/objects.ts";
import { MemoryApi } from "./memory-api.ts";

const { signal } = new AbortController();
const object = (kind: string, name: string, more: object = {}) => ({
  apiVersion: kind === "Deployment" ? "apps/v1" : "v1",
  kind,
  metadata: { name, ...(kind === "Namespace" ? {} : { namespace: "web" }) },
  ...more,
});
const namespace = object("Namespace", "web");
const settings = (a: string) => object("ConfigMap", "settings", { data: { a } });
const plan = (version: string, ...objects: AddonPlan["objects"]): AddonPlan => ({
  ...{ name: "web", version, options: {}, objects },
});

let api: MemoryApi;
let objects: Objects;
beforeEach(() => {
  api = new MemoryApi();
  objects = new Objects(api.client);
});
const enable = (wanted: AddonPlan, probe: () => Promise<string> = () => Promise.resolve("seen")) =>
  enableAddon(wanted, {
    ...{ objects, signal, report: () => undefined, wait: () => Promise.resolve(), probe },
  });
const fail = () => Promise.reject(new Error("it does not work"));
/** Everything but uids of what was made again, and what is said of addons. */
const content = (): Readonly<Record<string, object>> =>
  Object.fromEntries(
    [...api.stored]
      .filter(([path]) => !path.includes("/localkube-addons"))
      .map(([path, { metadata, ...rest }]) => [path, { ...rest, metadata: { ...metadata, uid: "" } }]),
  );
const back = async (wanted: AddonPlan, failing: () => Promise<unknown>) => {
  const before = await rememberAddon("web", { objects, signal });
  await expect(failing()).rejects.toThrow();
  const kept = await takeBack("web", before, { objects, signal, report: () => undefined });
  return { kept: kept.map(({ why }) => why), wanted };
};

describe("what failed is taken back", () => {
  test("to the former version: what is new is gone, what was removed and changed is as it was", async () => {
    const first = plan("1", namespace, settings("1"), object("Deployment", "server"));
    await enable(first);
    const [was, inventory] = [content(), await loadInventory(objects, "web", signal)];
    const second = plan("2", namespace, settings("2"), object("Secret", "new"));
    expect((await back(second, () => enable(second, fail))).kept).toEqual([]);
    expect(content()).toEqual(was);
    const now = await loadInventory(objects, "web", signal);
    expect(now).toMatchObject({ version: "1", hash: inventory?.hash, phase: "enabled" });
    expect(await enable(first)).toEqual({ outcome: "unchanged", kept: [] });
  });

  test("also after it failed in the middle of being applied", async () => {
    const first = plan("1", namespace, settings("1"));
    await enable(first);
    const was = content();
    const second = plan("2", namespace, settings("2"), object("Secret", "new"));
    api.before = (method, path) => {
      if (path.endsWith("/secrets/new")) throw new Error(`${method} refused`);
    };
    await back(second, () => enable(second));
    api.before = () => undefined;
    expect(content()).toEqual(was);
    expect(await enable(first)).toMatchObject({ outcome: "unchanged" });
  });

  test("to nothing where it was not enabled, except for what may hold data", async () => {
    const wanted = plan("1", namespace, settings("1"), object("PersistentVolumeClaim", "data"));
    const { kept } = await back(wanted, () => enable(wanted, fail));
    expect(kept).toEqual([
      "PersistentVolumeClaim web/data stays, because it holds data",
      "Namespace web stays, because it has PersistentVolumeClaim data",
    ]);
    expect(api.has("configmaps/settings")).toBe(false);
    expect(await loadInventory(objects, "web", signal)).toBeUndefined();
  });

  test("and what is as it was is not touched", async () => {
    await enable(plan("1", namespace, settings("1")));
    const before = await rememberAddon("web", { objects, signal });
    const log = api.log.length;
    await takeBack("web", before, { objects, signal, report: () => undefined });
    expect(api.log.length).toBe(log);
  });

  test("of which an object that a user removed before is not made again", async () => {
    await enable(plan("1", namespace, settings("1"), object("Secret", "old")));
    api.stored.delete("/api/v1/namespaces/web/secrets/old");
    const second = plan("2", namespace, settings("2"));
    await back(second, () => enable(second, fail));
    expect(api.has("secrets/old")).toBe(false);
  });
});
