import { access, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KubeApi, type KubeJson } from "./addon-programs/kube-api.ts";
import { programSuite, type Running, until } from "./addon-programs/program.ts";
import { freePort } from "./cluster-dns/program.ts";

const suite = programSuite();
const provisioner = "localkube.local/storage";
const volumes = "/api/v1/persistentvolumes";
let api: KubeApi;
let root: string;

beforeEach(async () => {
  api = new KubeApi();
  await api.listen();
  root = join(suite.folder, "volumes");
  await mkdir(root);
  for (const name of ["one", "two"])
    api.put(`/api/v1/nodes/${name}`, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "kubernetes.io/hostname": `host-of-${name}` } },
    });
  storageClass("standard", { reclaimPolicy: "Delete" });
});
afterEach(() => api.close());

const storageClass = (name: string, more: object = {}) =>
  api.put(`/apis/storage.k8s.io/v1/storageclasses/${name}`, {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name },
    provisioner,
    volumeBindingMode: "WaitForFirstConsumer",
    ...more,
  });

function claim(name: string, { node = "one", spec = {} }: { node?: string; spec?: object } = {}): KubeJson {
  return api.put(`/api/v1/namespaces/web/persistentvolumeclaims/${name}`, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: "web",
      annotations: {
        "volume.beta.kubernetes.io/storage-provisioner": provisioner,
        ...(node ? { "volume.kubernetes.io/selected-node": node } : {}),
      },
    },
    spec: {
      storageClassName: "standard",
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      ...spec,
    },
    status: { phase: "Pending" },
  });
}

async function serve(node = "one"): Promise<Running> {
  const port = await freePort();
  const kubeconfig = `--kubeconfig=${await suite.kubeconfig(api.url)}`;
  const program = suite.start([
    "storage",
    `--node=${node}`,
    `--folder=${root}`,
    `--listen=127.0.0.1:${port}`,
    kubeconfig,
  ]);
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(ready, "readiness", program);
  return program;
}

const uidOf = ({ metadata }: KubeJson): string => String(metadata["uid"]);
const volumeOf = (of: KubeJson) => api.get(`${volumes}/pvc-${uidOf(of)}`);
const folderOf = (of: KubeJson) => join(root, `web_${of.metadata.name}_${uidOf(of)}`);
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const events = () =>
  api.list("/api/v1/events").map(({ type, reason, message, involvedObject }) => {
    const { name } = involvedObject as { name: string };
    return `${String(type)} ${name} ${String(reason)}: ${String(message)}`;
  });

/** The claim is gone, as the controller manager tells it. */
function release(of: KubeJson, change: (volume: KubeJson) => KubeJson = (volume) => volume): void {
  api.remove(`/api/v1/namespaces/web/persistentvolumeclaims/${of.metadata.name}`);
  const path = `${volumes}/pvc-${uidOf(of)}`;
  api.put(path, change({ ...api.get(path)!, status: { phase: "Released" } }));
}

describe("a claim", () => {
  test("of this node gets a folder for everybody, and a volume that only pods of the node can have", async () => {
    const program = await serve();
    const data = claim("data");
    const volume = await until(() => volumeOf(data), "a volume", program);
    expect(volume).toMatchObject({
      metadata: { annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName: "standard",
        local: { path: folderOf(data) },
        claimRef: { namespace: "web", name: "data", uid: uidOf(data) },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: "kubernetes.io/hostname", operator: "In", values: ["host-of-one"] },
                ],
              },
            ],
          },
        },
      },
    });
    expect((await stat(folderOf(data))).mode & 0o777).toBe(0o777);
    const told = await until(() => events()[0], "an event", program);
    expect(told).toBe(`Normal data ProvisioningSucceeded: made ${folderOf(data)} on node one`);
  });

  test("of another node, or of none yet, is left to others", async () => {
    const program = await serve();
    claim("other", { node: "two" });
    claim("early", { node: "" });
    await until(() => volumeOf(claim("mine")), "a volume", program);
    expect(api.list(volumes)).toHaveLength(1);
    const early = claim("early");
    await until(() => volumeOf(early), "a volume when its pod has a node", program);
    expect(await readdir(root)).not.toContain(expect.stringContaining("other"));
  });

  test("with a name that no file system takes gets a shorter one", async () => {
    const program = await serve();
    const long = claim(`${"a".repeat(120)}.${"b".repeat(120)}`);
    const volume = await until(() => volumeOf(long), "a volume", program);
    const { path } = (volume["spec"] as { local: { path: string } }).local;
    expect(path.slice(root.length + 1)).toHaveLength(255);
    expect(path.endsWith(`_${uidOf(long)}`)).toBe(true);
    expect(await exists(path)).toBe(true);
  });

  test.each([
    [
      "many",
      { spec: { accessModes: ["ReadWriteOnce", "ReadWriteMany"] } },
      "access mode ReadWriteMany is not supported",
    ],
    ["block", { spec: { volumeMode: "Block" } }, "volume mode Block is not supported"],
    [
      "copy",
      { spec: { dataSource: { kind: "VolumeSnapshot", name: "s" } } },
      "data source VolumeSnapshot s is not supported",
    ],
    [
      "chosen",
      { spec: { selector: { matchLabels: { a: "b" } } } },
      "a claim with a selector gets an existing volume",
    ],
    [
      "at-once",
      { node: "", spec: { storageClassName: "immediate" } },
      "volumeBindingMode WaitForFirstConsumer",
    ],
  ])("that cannot be served is told why: %s", async (name, what, why) => {
    storageClass("immediate", { volumeBindingMode: "Immediate" });
    const program = await serve();
    claim(name, what);
    const told = await until(() => events()[0], "an event", program);
    expect(told).toMatch(new RegExp(`^Warning ${name} ProvisioningFailed: .*${why}`));
    claim(name, what); // the same once more counts, it makes no second event
    await until(() => api.list("/api/v1/events")[0]?.["count"] === 2, "a count", program);
    expect([events().length, api.list(volumes).length, await readdir(root)]).toEqual([1, 0, []]);
  });

  test("is served by the next process when one was killed before it made the volume", async () => {
    api.refuse = (method, path) => (method === "POST" && path === volumes ? 503 : undefined);
    const program = await serve();
    const data = claim("data");
    await until(() => exists(folderOf(data)), "a folder", program);
    await until(() => events().some((text) => text.includes("making the volume")), "an event", program);
    await program.kill();
    api.refuse = () => undefined;
    const next = await serve();
    await until(() => volumeOf(data), "a volume", next);
  });
});

describe("a volume whose claim is gone", () => {
  test("goes with its folder when its policy is Delete, with all that is in it and nothing that links lead to", async () => {
    const program = await serve();
    const data = claim("data");
    await until(() => volumeOf(data), "a volume", program);
    const outside = join(suite.folder, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "kept"), "");
    await mkdir(join(folderOf(data), "deep", "er"), { recursive: true });
    await writeFile(join(folderOf(data), "deep", "er", "file"), "x");
    await symlink(outside, join(folderOf(data), "link"));
    release(data);
    await until(() => !volumeOf(data), "removal", program);
    expect(await exists(folderOf(data))).toBe(false);
    expect(await readdir(outside)).toEqual(["kept"]);
    expect(await readdir(join(root, ".marks"))).toEqual([]);
    expect(await readdir(join(root, ".removing"))).toEqual([]);
  });

  test("stays when its policy is Retain, also when that was set since", async () => {
    const program = await serve();
    const [kept, gone] = [claim("kept"), claim("gone")];
    await until(() => volumeOf(kept) && volumeOf(gone), "volumes", program);
    const retained = (volume: KubeJson): KubeJson => ({
      ...volume,
      spec: { ...(volume["spec"] as object), persistentVolumeReclaimPolicy: "Retain" },
    });
    release(kept, retained);
    release(gone);
    await until(() => !volumeOf(gone), "removal of the other", program);
    expect([await exists(folderOf(kept)), volumeOf(kept) !== undefined]).toEqual([true, true]);
  });

  test("leaves another folder than its own alone, and says so", async () => {
    const program = await serve();
    const paths = [suite.folder, join(root, "..", "precious"), join(root, "precious"), root, `${root}/`];
    await mkdir(join(suite.folder, "precious"));
    await mkdir(join(root, "precious"));
    for (const [index, path] of paths.entries()) {
      const data = claim(`data-${index}`);
      await until(() => volumeOf(data), "a volume", program);
      release(data, (volume) => ({ ...volume, spec: { ...(volume["spec"] as object), local: { path } } }));
      const told = await until(
        () => events().find((text) => text.includes(`${path} is not`)),
        "an event",
        program,
      );
      expect(told).toMatch(/^Warning pvc-\S+ VolumeFailedDelete: .*; nothing was removed$/);
      expect([volumeOf(data) !== undefined, await exists(folderOf(data))]).toEqual([true, true]);
    }
    expect(await Promise.all([join(suite.folder, "precious"), join(root, "precious")].map(exists))).toEqual([
      true,
      true,
    ]);
  });

  test("leaves a folder without a mark alone: this program has not made it", async () => {
    const program = await serve();
    const data = claim("data", { node: "two" });
    await mkdir(folderOf(data));
    const by = claim("by");
    const made = await until(() => volumeOf(by), "a volume", program);
    api.put(`${volumes}/pvc-${uidOf(data)}`, {
      ...made,
      metadata: {
        name: `pvc-${uidOf(data)}`,
        annotations: { "pv.kubernetes.io/provisioned-by": provisioner },
      },
      spec: {
        ...(made["spec"] as object),
        local: { path: folderOf(data) },
        claimRef: { namespace: "web", name: "data", uid: uidOf(data) },
      },
      status: { phase: "Released" },
    });
    await until(() => events().find((text) => text.includes("it has no mark")), "an event", program);
    expect(await exists(folderOf(data))).toBe(true);
  });

  test("of another node is left to that node's process", async () => {
    const first = await serve("one");
    const data = claim("data");
    await until(() => volumeOf(data), "a volume", first);
    await first.kill();
    const second = await serve("two");
    release(data);
    await until(() => volumeOf(claim("later", { node: "two" })), "a volume of the second", second);
    await sleep(300);
    expect([volumeOf(data) !== undefined, await exists(folderOf(data))]).toEqual([true, true]);
  });

  test("is removed by the next process when one was killed in the middle", async () => {
    const first = await serve();
    const data = claim("data");
    await until(() => volumeOf(data), "a volume", first);
    await first.kill();
    // As it is after the folder was put aside and half of it was removed.
    await mkdir(join(root, ".removing", uidOf(data), "left"), { recursive: true });
    await writeFile(join(root, ".removing", uidOf(data), "left", "file"), "x");
    release(data);
    const next = await serve();
    await until(() => !volumeOf(data), "removal", next);
    expect([await readdir(join(root, ".removing")), await readdir(join(root, ".marks"))]).toEqual([[], []]);
  });
});

test("what nobody needs any longer is swept at the start, and only if it is empty", async () => {
  const uids = ["11111111-0000-0000-0000-000000000000", "22222222-0000-0000-0000-000000000000"] as const;
  await mkdir(join(root, ".marks"));
  for (const uid of uids) {
    await writeFile(join(root, ".marks", uid), `web_data_${uid}`);
    await mkdir(join(root, `web_data_${uid}`));
  }
  await writeFile(join(root, `web_data_${uids[1]}`, "wanted"), "x");
  const program = await serve();
  await until(async () => !(await exists(join(root, `web_data_${uids[0]}`))), "sweeping", program);
  expect(await readdir(join(root, ".marks"))).toEqual([uids[1]]);
  expect(await readdir(join(root, `web_data_${uids[1]}`))).toEqual(["wanted"]);
});
