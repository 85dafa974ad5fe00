import { beforeEach, describe, expect, test } from "vitest";
import { disableAddon } from "../../../src/addons/disable.ts";
import { type AddonPlan, enableAddon } from "../../../src/addons/enable.ts";
import { loadInventory } from "../../../src/addons/inventory-store.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { Objects } from "../../../src/kube/objects.ts";
import { MemoryApi } from "./memory-api.ts";

const { signal } = new AbortController();
const object = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: {
    name,
    ...(["Namespace", "CustomResourceDefinition"].includes(kind) ? {} : { namespace: "web" }),
  },
  ...more,
});
const [namespace, settings, claim, server, definition, page] = [
  object("v1", "Namespace", "web"),
  object("v1", "ConfigMap", "settings", { data: { a: "1" } }),
  object("v1", "PersistentVolumeClaim", "data"),
  object("apps/v1", "Deployment", "server"),
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "pages.web.example", {
    spec: { group: "web.example", names: { plural: "pages" }, versions: [{ name: "v1", served: true }] },
  }),
  object("web.example/v1", "Page", "first"),
];
const plan = (version: string, ...objects: AddonPlan["objects"]): AddonPlan => ({
  name: "web",
  version,
  options: {},
  objects,
});
const whole = plan("1", page, server, claim, settings, definition, namespace);

let api: MemoryApi;
let objects: Objects;
let probes: number;
const context = (more: object = {}) => ({
  ...{ objects, signal, report: () => undefined, wait: () => Promise.resolve() },
  probe: () => Promise.resolve(`probe ${++probes}`),
  ...more,
});
const ours = () => [...api.stored.keys()].filter((path) => !path.includes("localkube-addons")).sort();
const disable = (purge = false) => disableAddon("web", purge, { objects, signal, report: () => undefined });

beforeEach(() => {
  api = new MemoryApi();
  objects = new Objects(api.client);
  probes = 0;
});

describe("enabling", () => {
  test("applies in waves, after everything is on record, and ends with what the probe saw", async () => {
    expect(await enableAddon(whole, context())).toEqual({ outcome: "enabled", kept: [] });
    const order = api.log
      .filter((line) => !line.includes("localkube-addons"))
      .map((line) => line.split("/").at(-1));
    expect(order).toEqual(["web", "pages.web.example", "data", "settings", "server", "first"]);
    expect(api.log[1]).toBe("PATCH /api/v1/namespaces/localkube-addons/configmaps/web");
    const inventory = await loadInventory(objects, "web", signal);
    expect(inventory).toMatchObject({
      phase: "enabled",
      version: "1",
      probe: { passed: true, detail: "probe 1" },
    });
    expect(inventory?.members.every(({ uid }) => uid?.startsWith("uid-"))).toBe(true);
    expect(inventory?.members).toHaveLength(6);
  });

  test("does nothing when the plan is in force", async () => {
    await enableAddon(whole, context());
    const before = api.log.length;
    expect(await enableAddon(whole, context())).toEqual({ outcome: "unchanged", kept: [] });
    expect([api.log.length, probes]).toEqual([before, 1]);
  });

  test("applies again when an object is gone or another one has its name, and leaves what a user has changed", async () => {
    const path = "/api/v1/namespaces/web/configmaps/settings";
    await enableAddon(whole, context());
    const edited = { ...api.stored.get(path)!, data: { a: "2" } };
    api.stored.set(path, edited);
    expect((await enableAddon(whole, context())).outcome).toBe("unchanged");
    expect(api.stored.get(path)).toBe(edited);
    api.stored.set(path, { ...edited, metadata: { ...edited.metadata, uid: "another" } });
    expect((await enableAddon(whole, context())).outcome).toBe("enabled");
    api.stored.delete("/apis/apps/v1/namespaces/web/deployments/server");
    expect((await enableAddon(whole, context())).outcome).toBe("enabled");
    expect(ours()).toHaveLength(6);
    expect(probes).toBe(3);
  });

  test("without a probe something else sees whether it works, and what is in force is not applied again", async () => {
    const unseen = { ...context(), probe: undefined };
    expect((await enableAddon(whole, unseen)).outcome).toBe("enabled");
    expect((await loadInventory(objects, "web", signal))?.probe).toBeUndefined();
    const before = api.log.length;
    expect((await enableAddon(whole, unseen)).outcome).toBe("unchanged");
    expect(api.log.length).toBe(before);
    expect((await enableAddon(whole, context())).outcome).toBe("enabled");
    expect(probes).toBe(1);
  });

  test("removes what an earlier version had, but not what may hold data, nor what somebody else made under its name", async () => {
    await enableAddon(whole, context());
    const theirs = { ...server, metadata: { ...server.metadata, uid: "theirs", labels: {} } };
    api.stored.set("/apis/apps/v1/namespaces/web/deployments/server", theirs);
    const { kept } = await enableAddon(plan("2", namespace, object("v1", "ConfigMap", "other")), context());
    expect(kept).toEqual(["PersistentVolumeClaim web/data stays, because it holds data"]);
    expect(ours()).toEqual([
      "/api/v1/namespaces/web",
      "/api/v1/namespaces/web/configmaps/other",
      "/api/v1/namespaces/web/persistentvolumeclaims/data",
      "/apis/apps/v1/namespaces/web/deployments/server",
    ]);
  });

  test("goes on after a kill at any moment, and leaves nothing that is not on record", async () => {
    const ends = (at: number) => () => {
      if (api.log.length >= at) throw new Error("killed");
    };
    await enableAddon(whole, context());
    const changes = api.log.length;
    for (let at = 0; at < changes; at++) {
      api = new MemoryApi();
      objects = new Objects(api.client);
      api.before = ends(at);
      await expect(enableAddon(whole, context())).rejects.toThrow("killed");
      api.before = () => undefined;
      objects = new Objects(api.client);
      // Either way on: to the end, or back to nothing.
      const inventory = await loadInventory(objects, "web", signal);
      const known = inventory?.members.map(({ name }) => name) ?? [];
      expect(ours().every((path) => known.includes(path.split("/").at(-1)!))).toBe(true);
      expect((await enableAddon(whole, context())).outcome).toBe("enabled");
      expect(ours()).toHaveLength(6);
      await disable(true);
      expect(ours()).toEqual([]);
    }
  });

  test("an object that names no namespace is not taken for one of an earlier version", async () => {
    const bare = { ...settings, metadata: { name: "settings" } };
    await enableAddon(plan("1", bare), context());
    await enableAddon(plan("2", bare, namespace), context());
    expect(ours()).toContain("/api/v1/namespaces/default/configmaps/settings");
  });

  test("keeps what was applied when the probe fails, tells why, and asks it again the next time", async () => {
    const failure = new LocalkubeError("API_REFUSED", { method: "GET", path: "/", status: 503 });
    const failing = context({ probe: () => Promise.reject(failure) });
    await expect(enableAddon(whole, failing)).rejects.toBe(failure);
    expect(await loadInventory(objects, "web", signal)).toMatchObject({
      probe: { passed: false, detail: failure.message },
    });
    expect(ours()).toHaveLength(6);
    expect((await enableAddon(whole, context())).outcome).toBe("enabled");
  });
});

describe("disabling", () => {
  test("removes in reverse, keeps data unless asked, and forgets the addon last", async () => {
    await enableAddon(whole, context());
    api.log.length = 0;
    const kept = await disable();
    expect(kept?.map(({ why }) => why)).toEqual([
      "PersistentVolumeClaim web/data stays, because it holds data",
      "Namespace web stays, because it has PersistentVolumeClaim data",
    ]);
    const removed = api.log.filter((line) => line.startsWith("DELETE")).map((line) => line.split("/").at(-1));
    expect(removed).toEqual(["first", "server", "settings", "pages.web.example", "web"]);
    expect(await loadInventory(objects, "web", signal)).toBeUndefined();
    expect(await disable()).toBeUndefined();
  });

  test("a volume that stayed before keeps its namespace, also when it is on record no more", async () => {
    await enableAddon(whole, context());
    await disable();
    await enableAddon(plan("2", namespace), context());
    expect((await disable())?.map(({ why }) => why)).toEqual([
      "Namespace web stays, because it has PersistentVolumeClaim data",
    ]);
    expect(ours()).toEqual(["/api/v1/namespaces/web", "/api/v1/namespaces/web/persistentvolumeclaims/data"]);
  });

  test("what somebody made of the addon's kinds, or in its namespace, keeps the kind and the namespace", async () => {
    const small = plan("1", namespace, definition, page);
    await enableAddon(small, context());
    const theirs = {
      metadata: { name: "theirs", namespace: "other", uid: "t" },
      apiVersion: "web.example/v1",
      kind: "Page",
    };
    api.stored.set("/apis/web.example/v1/namespaces/other/pages/theirs", theirs);
    const settingsOfTheirs = { ...settings, metadata: { name: "mine", namespace: "web", uid: "s" } };
    api.stored.set("/api/v1/namespaces/web/configmaps/mine", settingsOfTheirs);
    const usual = { ...settings, metadata: { name: "kube-root-ca.crt", namespace: "web", uid: "r" } };
    api.stored.set("/api/v1/namespaces/web/configmaps/kube-root-ca.crt", usual);
    expect((await disable())?.map(({ why }) => why)).toEqual([
      "CustomResourceDefinition pages.web.example stays, because it has Page theirs",
      "Namespace web stays, because it has ConfigMap mine",
    ]);
    api.stored.delete("/api/v1/namespaces/web/configmaps/mine");
    await enableAddon(plan("1", namespace), context());
    expect(await disable()).toEqual([]);
  });

  test("with purge nothing is left", async () => {
    await enableAddon(whole, context());
    expect(await disable(true)).toEqual([]);
    expect(ours()).toEqual([]);
  });

  test("goes on after a kill at any moment", async () => {
    for (let at = 0; at < 8; at++) {
      api = new MemoryApi();
      objects = new Objects(api.client);
      await enableAddon(whole, context());
      const end = api.log.length + at;
      api.before = () => {
        if (api.log.length >= end) throw new Error("killed");
      };
      await disable(true).catch(() => undefined);
      api.before = () => undefined;
      await disable(true);
      expect(ours()).toEqual([]);
      expect(await loadInventory(objects, "web", signal)).toBeUndefined();
    }
  });
});
