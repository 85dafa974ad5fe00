import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { disableAddons } from "../../../../src/cluster/addons/disable.ts";
import { enableAddons } from "../../../../src/cluster/addons/enable.ts";
import type { EnableRequest } from "../../../../src/cluster/addons/requested.ts";
import type { UseCaseContext } from "../../../../src/cluster/access/use-case.ts";
import type { MachineState } from "../../../../src/contract/driver.ts";
import type { PipelineEvent } from "../../../../src/pipeline/events.ts";
import { clusterPaths, nodePaths } from "../../../../src/state/paths.ts";
import { loadCluster, saveCluster } from "../../../../src/state/store.ts";
import { MemoryApi } from "../../addons/memory-api.ts";
import { type FakeCri, fakeCri, localSockets } from "../../runtimes/cri/fake-cri.ts";
import { contextOf, machineOf, recordOfThree, temporaryHost } from "../several-nodes.ts";
import { serveApi } from "./api-of-record.ts";

/** Each call opens a cluster and speaks TLS with its API. */
vi.setConfig({ testTimeout: 30_000 });

let state: MachineState;
/** What happened to the cluster, in order: the nodes are adapted, images are asked for, objects are applied. */
let happened: string[];
let cri: FakeCri;

vi.mock("../../../../src/machine/driver-registry.ts", async (original) => ({
  ...(await original()),
  loadDriver: () =>
    Promise.resolve({
      name: "podman",
      capabilities: { powerButton: true, answerMs: 100 },
      open: () => ({ state: () => Promise.resolve(state) }),
    }),
}));
/** What the nodes are adapted by; it has its own tests. */
vi.mock("../../../../src/cluster/start/start.ts", () => ({
  startHoldingLock: () => Promise.resolve(void happened.push("nodes")),
}));
vi.mock("../../../../src/machine/ssh/transport.ts", () => ({
  connect: () => {
    happened.push("images");
    return Promise.resolve({
      connectSocket: () => localSockets.connectSocket(cri.path),
      exec: () => Promise.resolve({ exitCode: 0, stdout: "", stderr: "" }),
      close: () => Promise.resolve(),
    });
  },
}));

let memory: MemoryApi;
let context: UseCaseContext;
let events: PipelineEvent[];

/** An addon of the cluster's own with one ConfigMap in its namespace, or in `home`; it works when that is there. */
async function addAddon(name: string, { row = {}, home = name, ...more }: Record<string, unknown> = {}) {
  const folder = join(clusterPaths(context.host, "demo").addons, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const version = { kubernetes: ">=1.20", artifacts: "debian", version: "1", objects: ["all.yaml"] };
  const addon = {
    ...{ name, summary: name, licence: "MIT", homepage: "https://example.org", namespace: name },
    options: { text: { type: "text", default: "hello", why: "What it says" } },
    ...{ memoryMiB: 1, versions: [{ ...version, ...(row as object) }] },
    probe: { type: "api", path: `/api/v1/namespaces/${name}` },
    ...more,
  };
  await writeFile(join(folder, "addon.yaml"), stringify(addon));
  const all = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: home },
      data: { a: "${option.text}" },
    },
  ];
  await writeFile(join(folder, "all.yaml"), all.map((one) => stringify(one)).join("---\n"));
}

const enable = (addons: readonly string[], more: Partial<EnableRequest> = {}) =>
  enableAddons({ ...{ name: "demo", addons, set: {}, setFromFiles: {}, limitMs: 0 }, ...more }, context);
const outcomes = async (...call: Parameters<typeof enable>) =>
  (await enable(...call)).addons.map(({ name, outcome }) => `${name} ${outcome}`);
const recorded = async () => (await loadCluster(context.host, "demo"))?.spec.addons;
const stored = () => [...memory.stored.keys()].sort();

beforeEach(async () => {
  state = "running";
  [happened, events] = [[], []];
  memory = new MemoryApi();
  memory.strict = true;
  memory.before = (method, path) => void happened.push(`${method} ${path.split("/").at(-1)}`);
  const host = await temporaryHost();
  context = { ...contextOf(host), emit: (event) => void events.push(event) };
  const { pki, folder } = clusterPaths(host, "demo");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const api = await serveApi(memory, pki);
  const record = recordOfThree();
  const [first] = record.nodes;
  const machine = { ...machineOf("demo", 0), ports: { ssh: 1, api } };
  await saveCluster(host, {
    ...record,
    spec: { ...record.spec, addons: {} },
    nodes: [{ ...first!, machine }],
  });
  await addAddon("base");
  await addAddon("page", { needs: ["base"] });
});

test("what an addon needs is enabled before it, and both are on record with their options", async () => {
  expect(await outcomes(["page"], { set: { page: { text: "hi" } } })).toEqual([
    "base enabled",
    "page enabled",
  ]);
  const applied = happened.filter((one) => !one.includes("localkube-addons"));
  expect(applied.indexOf("PATCH base")).toBeLessThan(applied.indexOf("PATCH page"));
  expect(await recorded()).toEqual({ base: {}, page: { text: "hi" } });
  expect(memory.stored.get("/api/v1/namespaces/page/configmaps/page")?.["data"]).toEqual({ a: "hi" });
});

test("a second call with the same request sends nothing that changes anything", async () => {
  await enable(["page"], { set: { page: { text: "hi" } } });
  const before = [memory.log.length, happened.length];
  expect(await outcomes(["page"], { set: { page: { text: "hi" } } })).toEqual([
    "base unchanged",
    "page unchanged",
  ]);
  // Nor one that says nothing of the options: those on record stay.
  await enable(["page"]);
  expect([memory.log.length, happened.length]).toEqual(before);
  expect(await recorded()).toEqual({ base: {}, page: { text: "hi" } });
});

test("images are asked for first, then the nodes are adapted, the addon that sets flags comes next, then the others", async () => {
  const { hostKey } = nodePaths(context.host, "demo", "demo");
  for (const folder of [context.host.cacheDir, dirname(hostKey)]) await mkdir(folder, { recursive: true });
  await writeFile(`${hostKey}.pub`, "ssh-ed25519 AAAA");
  cri = await fakeCri(join(context.host.cacheDir, "cri.sock"), "v1");
  cri.images.add("example.org/page:1");
  try {
    await addAddon("flags", { row: { node: { flags: { apiserver: { v: "4" } } } } });
    await addAddon("image", { row: { images: { page: "example.org/page:1" } } });
    expect(await outcomes(["image", "flags"])).toEqual(["flags enabled", "image enabled"]);
  } finally {
    cri.close();
  }
  const parts = happened.filter((one) => ["images", "nodes", "PATCH flags", "PATCH image"].includes(one));
  expect([...new Set(parts)]).toEqual(["images", "nodes", "PATCH flags", "PATCH image"]);
});

test("an addon that cannot be applied leaves those before it as they are, and itself for inspection", async () => {
  await addAddon("broken", { home: "nowhere" });
  await expect(enable(["page", "broken"])).rejects.toMatchObject({ id: "API_REFUSED" });
  expect(await recorded()).toEqual({ base: {}, broken: {}, page: {} });
  expect(memory.has("namespaces/broken")).toBe(true);
  expect(await outcomes(["page"])).toEqual(["base unchanged", "page unchanged"]);
});

test("with atomic a call that fails leaves cluster and record as they were, also of addons that worked", async () => {
  await enable(["base"]);
  const [before, record] = [stored(), await recorded()];
  await addAddon("broken", { home: "nowhere" });
  const call = enable(["page", "broken"], { atomic: true, set: { page: { text: "hi" } } });
  await expect(call).rejects.toMatchObject({ id: "API_REFUSED" });
  expect(stored()).toEqual(before);
  expect(await recorded()).toEqual(record);
  expect(events).toContainEqual(
    expect.objectContaining({ text: expect.stringContaining("taken back") as string }),
  );
});

test("what can be refused is refused before anything is on record or sent", async () => {
  await addAddon("foe", { conflicts: { base: "both are the base" } });
  for (const [names, id] of [
    [["page", "nothing"], "ADDON_UNKNOWN"],
    [["page", "foe"], "ADDON_CONFLICT"],
  ] as const)
    await expect(enable(names)).rejects.toMatchObject({ id });
  await expect(enable(["page"], { set: { page: { colour: "red" } } })).rejects.toMatchObject({
    id: "ADDON_OPTION_INVALID",
  });
  expect([await recorded(), memory.log, happened]).toEqual([{}, [], []]);
});

test("in a cluster that does not run it is only put on record, and taken from it", async () => {
  state = "stopped";
  expect(await outcomes(["page"])).toEqual(["base recorded", "page recorded"]);
  expect([await recorded(), memory.log]).toEqual([{ base: {}, page: {} }, []]);
  const { addons } = await disableAddons({ name: "demo", addons: ["page"], purge: false }, context);
  expect(addons).toEqual([{ name: "page", outcome: "recorded", kept: [] }]);
  expect([await recorded(), memory.log]).toEqual([{ base: {} }, []]);
});

test("a call that is interrupted is gone on with by the next one", async () => {
  const abort = new AbortController();
  const whole = context;
  context = { ...context, signal: abort.signal };
  memory.after = (path) => path.endsWith("/configmaps/page") && abort.abort(new Error("interrupted"));
  await expect(enable(["page"], { atomic: true })).rejects.toThrow();
  expect(await recorded()).toEqual({ base: {}, page: {} });
  context = whole;
  memory.after = () => undefined;
  expect(await outcomes(["page"])).toEqual(["base unchanged", "page enabled"]);
});

test("disabling refuses what another one needs, and leaves nothing of both", async () => {
  const before = stored();
  await enable(["page"]);
  const disable = (...addons: string[]) => disableAddons({ name: "demo", addons, purge: false }, context);
  await expect(disable("base")).rejects.toMatchObject({ id: "ADDON_NEEDED" });
  const { addons } = await disable("base", "page");
  expect(addons.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(["page disabled", "base disabled"]);
  expect(stored().filter((path) => path !== "/api/v1/namespaces/localkube-addons")).toEqual(before);
  expect(await recorded()).toEqual({});
});
