import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ClusterRecord, withNode } from "../../../src/state/cluster-record.ts";
import { clusterPaths } from "../../../src/state/paths.ts";
import { writePrivateFile } from "../../../src/state/private-file.ts";
import { listClusters, loadCluster, removeCluster, saveCluster } from "../../../src/state/store.ts";
import { sampleSpec } from "../../fixtures/sample-spec.ts";

let stateDir = "";
const host = () => ({ stateDir, cacheDir: join(stateDir, "cache") });

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "localkube-store-"));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

function record(name = "demo"): ClusterRecord {
  return {
    schema: 6,
    spec: sampleSpec({
      name,
      memoryMiB: 4096,
      extraConfig: { kubelet: { "max-pods": "50" } },
      featureGates: { AllAlpha: false },
      apiServer: { names: ["kube.example.org"], ips: ["192.0.2.1"], port: 0, overSsh: true },
      wait: ["apiserver", "node"],
    }),
    createdAt: "2026-05-01T10:00:00.000Z",
    phase: "creating",
    driver: "podman",
    runtime: "containerd",
    kubernetesVersion: "v1.36.2",
    artifactsSource: "upstream",
    nodes: [{ name, role: "control-plane" }],
    addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
  };
}

describe("a record of an earlier release is read, and written in today's form", () => {
  const machine = {
    driver: "podman",
    name: "localkube-old",
    id: "4f1d5e6a",
    address: "10.89.7.2",
    addressReachable: true,
    ports: { ssh: 40_001, api: 40_002 },
    data: { network: "localkube-old" },
  };

  test.each(["schema-1", "schema-2", "schema-3", "schema-4"])("%s", async (name) => {
    const file = await place("old", await earlier(name));
    const loaded = await loadCluster(host(), "old");
    expect(loaded?.nodes).toEqual([{ name: "old", role: "control-plane", machine }]);
    expect(loaded).not.toHaveProperty("machine");
    expect(loaded?.userKubeconfig).toBe("/home/alice/.kube/config");
    expect(loaded?.spec).toMatchObject({
      ...{ diskGiB: 20, image: "", os: "debian", driverOptions: {} },
      apiServer: { overSsh: true },
      registries: { mirrors: {}, insecure: [], authorities: {}, logins: {}, hostProxy: true },
    });
    await saveCluster(host(), loaded!);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ ...loaded, schema: 6 });
    expect(await loadCluster(host(), "old")).toEqual(loaded);
  });

  test("also one whose machine was never created", async () => {
    await place("old", await earlier("schema-3-without-machine"));
    const loaded = await loadCluster(host(), "old");
    expect(loaded?.nodes).toEqual([{ name: "old", role: "control-plane" }]);
    expect(loaded?.phase).toBe("creating");
  });

  test.each([
    ["has no spec", { spec: undefined }],
    ["has half a machine", { machine: { driver: "podman" } }],
  ])("but not one that %s", async (_, change) => {
    const content = JSON.parse(await earlier("schema-3")) as object;
    await place("old", JSON.stringify({ ...content, ...change }));
    await expect(loadCluster(host(), "old")).rejects.toMatchObject({ id: "STATE_DAMAGED" });
  });
});

const earlier = (name: string): Promise<string> =>
  readFile(new URL(`../../fixtures/records/${name}.json`, import.meta.url), "utf8");

async function place(name: string, content: string): Promise<string> {
  const file = clusterPaths(host(), name).record;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

test("what was saved is loaded again, with and without a machine; another profile is absent", async () => {
  await saveCluster(host(), record());
  expect(await loadCluster(host(), "demo")).toEqual(record());
  const machine = {
    driver: "podman",
    name: "localkube-demo",
    id: "abc",
    address: "10.89.0.2",
    addressReachable: true,
    ports: { ssh: 40_001, api: 40_002 },
    data: { network: "localkube" },
  };
  const running = withNode({ ...record(), phase: "running" }, "demo", { machine });
  await saveCluster(host(), running);
  expect(await loadCluster(host(), "demo")).toEqual(running);
  expect(running.nodes).toEqual([{ name: "demo", role: "control-plane", machine }]);
  expect(await loadCluster(host(), "other")).toBeUndefined();
});

test("the images that a cluster brought are kept with their registry's digests; a record without them stays valid", async () => {
  const images = [
    {
      ref: "registry.k8s.io/pause:3.9",
      registry: { digest: `sha256:${"a".repeat(64)}`, id: `sha256:${"b".repeat(64)}` },
    },
    // Of an earlier release.
    { ref: "registry.k8s.io/pause:3.8", registry: { digest: `sha256:${"c".repeat(64)}` } },
    { ref: "localkube.local/cluster-dns:1" },
  ];
  await saveCluster(host(), { ...record(), images });
  expect((await loadCluster(host(), "demo"))?.images).toEqual(images);
  await saveCluster(host(), record());
  expect(await loadCluster(host(), "demo")).not.toHaveProperty("images");
});

test("folders are 0700 and files 0600", async () => {
  await saveCluster(host(), record());
  const { record: file, folder } = clusterPaths(host(), "demo");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await chmod(file, 0o644);
  await saveCluster(host(), record());
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

describe("a file that cannot be read stops load and save, and stays as it is", () => {
  const whole = JSON.stringify(record());
  const withNodes = (...nodes: readonly (readonly [string, string])[]): string =>
    JSON.stringify({ ...record(), nodes: nodes.map(([name, role]) => ({ name, role })) });
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ["empty", "", "STATE_DAMAGED", /empty/],
    ["truncated", whole.slice(0, whole.length / 2), "STATE_DAMAGED", /not JSON/],
    ["not an object", "[]", "STATE_DAMAGED", /not a JSON object/],
    ["without schema", "{}", "STATE_DAMAGED", /no schema/],
    ["of a schema nobody wrote", '{"schema":0}', "STATE_DAMAGED", /schema 0/],
    ["of a newer schema", '{"schema":7,"spec":{}}', "STATE_TOO_NEW", /schema 7.*schema 6 at most/],
    ["without a node", JSON.stringify({ ...record(), nodes: [] }), "STATE_DAMAGED", /no node/],
    ["with a worker first", withNodes(["demo", "worker"]), "STATE_DAMAGED", /first node/],
    ["with another name first", withNodes(["else", "control-plane"]), "STATE_DAMAGED", /first node/],
    [
      "with one name twice",
      withNodes(["demo", "control-plane"], ["demo", "worker"]),
      "STATE_DAMAGED",
      /one name/,
    ],
    [
      "with a name that leads elsewhere",
      withNodes(["demo", "control-plane"], ["../x", "worker"]),
      "STATE_DAMAGED",
      /nodes\.1\.name/,
    ],
    ["of another profile", JSON.stringify(record("else")), "STATE_DAMAGED", /'else'/],
    ["of a wrong shape", whole.replace('"cpus":2', '"cpus":"2"'), "STATE_DAMAGED", /spec\.cpus/],
    ["with a phase unknown to us", whole.replace('"creating"', '"gone"'), "STATE_DAMAGED", /phase/],
  ];
  test.each(cases)("%s", async (_, content, id, message) => {
    const file = await place("demo", content);
    await expect(loadCluster(host(), "demo")).rejects.toMatchObject({
      id,
      message: expect.stringMatching(message) as string,
    });
    await expect(saveCluster(host(), record())).rejects.toMatchObject({ id });
    expect(await readFile(file, "utf8")).toBe(content);
  });
});

test("a folder where the record should be is STATE_DAMAGED", async () => {
  await mkdir(clusterPaths(host(), "demo").record, { recursive: true });
  await expect(loadCluster(host(), "demo")).rejects.toMatchObject({ id: "STATE_DAMAGED" });
});

test("a state folder that cannot be made is STATE_UNWRITABLE", async () => {
  await writeFile(join(stateDir, "clusters"), "a file in the way");
  const { pki } = clusterPaths(host(), "demo");
  await expect(writePrivateFile(join(pki, "ca.key"), "x")).rejects.toMatchObject({ id: "STATE_UNWRITABLE" });
});

test("the list is sorted, leaves out what is not a profile, and one bad record hides no other", async () => {
  expect(await listClusters(host())).toEqual([]);
  await saveCluster(host(), record("b"));
  await saveCluster(host(), record("a"));
  await place("c", "{");
  await mkdir(join(stateDir, "clusters", "Not A Profile"));
  await mkdir(join(stateDir, "clusters", "empty"));
  const listed = await listClusters(host());
  expect(
    listed.map((entry) => [entry.name, "record" in entry ? entry.record.phase : entry.problem.id]),
  ).toEqual([
    ["a", "creating"],
    ["b", "creating"],
    ["c", "STATE_DAMAGED"],
  ]);
});

test("removal takes everything, twice is fine, and what a killed removal left goes with the next", async () => {
  await saveCluster(host(), record());
  const { folder } = clusterPaths(host(), "demo");
  const leftover = join(dirname(folder), ".demo.removed");
  await mkdir(join(leftover, "pki"), { recursive: true });
  await removeCluster(host(), "demo");
  await removeCluster(host(), "demo");
  expect(await loadCluster(host(), "demo")).toBeUndefined();
  await expect(stat(leftover)).rejects.toMatchObject({ code: "ENOENT" });
  await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
});

test("no name leads out of the state folder", async () => {
  for (const name of ["../x", "", ".", "a/b", "A", "-a", "a-", "a".repeat(41)])
    await expect(loadCluster(host(), name)).rejects.toMatchObject({ id: "PROFILE_NAME_INVALID" });
});
