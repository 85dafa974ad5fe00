import { beforeEach, describe, expect, test } from "vitest";
import { type AddonPlan, enableAddon } from "../../../src/addons/enable.ts";
import { previewAddon } from "../../../src/addons/preview.ts";
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
const namespace = object("v1", "Namespace", "web");
const settings = (a: string) => object("v1", "ConfigMap", "settings", { data: { a } });
const claim = object("v1", "PersistentVolumeClaim", "data");
const server = object("apps/v1", "Deployment", "server");
const definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "pages.web.example", {
  spec: {
    group: "web.example",
    names: { plural: "pages", kind: "Page" },
    versions: [{ name: "v1", served: true }],
  },
});
const page = object("web.example/v1", "Page", "first");
const plan = (version: string, ...objects: AddonPlan["objects"]): AddonPlan => ({
  ...{ name: "web", version, options: {}, objects },
});

let api: MemoryApi;
let objects: Objects;
beforeEach(() => {
  api = new MemoryApi();
  api.strict = true;
  objects = new Objects(api.client);
});
const enable = (wanted: AddonPlan) =>
  enableAddon(wanted, {
    ...{ objects, signal, report: () => undefined, wait: () => Promise.resolve() },
    probe: () => Promise.resolve("seen"),
  });
/** Nothing may be written. */
async function preview(wanted: AddonPlan) {
  const before = [...api.log];
  const { added, changed, removed, kept } = await previewAddon(wanted, { objects, signal });
  expect(api.log).toEqual(before);
  const names = (all: readonly { readonly kind: string }[]) => all.map(({ kind }) => kind);
  return {
    ...{ added: names(added), changed: names(changed), removed: names(removed) },
    kept: kept.map(({ why }) => why),
  };
}
const nothing = { added: [], changed: [], removed: [], kept: [] };

describe("a preview", () => {
  test("of what is not there yet names everything, also what needs its namespace or its kind", async () => {
    const wanted = plan("1", page, server, definition, namespace);
    const kinds = ["Page", "Deployment", "CustomResourceDefinition", "Namespace"];
    expect(await preview(wanted)).toEqual({ ...nothing, added: kinds });
  });

  test("of what is in force names nothing, also when a user has changed it", async () => {
    await enable(plan("1", namespace, settings("1")));
    const path = "/api/v1/namespaces/web/configmaps/settings";
    api.stored.set(path, { ...api.stored.get(path)!, data: { a: "mine" } });
    expect(await preview(plan("1", namespace, settings("1")))).toEqual(nothing);
  });

  test("of another version names what is added, changed, removed and kept", async () => {
    await enable(plan("1", namespace, settings("1"), claim, server));
    const second = object("v1", "Secret", "second");
    expect(await preview(plan("2", namespace, settings("2"), second))).toEqual({
      added: ["Secret"],
      changed: ["ConfigMap"],
      removed: ["Deployment"],
      kept: ["PersistentVolumeClaim web/data stays, because it holds data"],
    });
    await enable(plan("2", namespace, settings("2"), second));
    expect(await preview(plan("2", namespace, settings("2"), second))).toEqual(nothing);
  });

  test("of what the server would refuse says so", async () => {
    await expect(preview(plan("1", settings("1")))).rejects.toMatchObject({ id: "API_REFUSED" });
    await expect(preview(plan("1", namespace, page))).rejects.toMatchObject({ id: "API_KIND_UNKNOWN" });
  });
});
