import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { forgetOwnFolder, keepingOwnFolders, stageAddon } from "../../../../src/cluster/addons/own-folder.ts";

const row = { kubernetes: ">=1.20", artifacts: "debian", version: "1", objects: ["parts/all.yaml"] };
const addon = (name: string, more: object = {}) =>
  stringify({
    ...{ name, summary: name, licence: "MIT", homepage: "https://example.org", namespace: name },
    ...{ memoryMiB: 1, versions: [{ ...row, ...more }], probe: { type: "http", service: name, port: 80 } },
  });
const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: mine }\n";
const pod = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent, namespace: mine }
spec:
  template:
    spec:
      hostNetwork: true
      containers: [{ name: a, securityContext: { privileged: true } }]
      volumes: [{ name: v, hostPath: { path: /var/log } }]
`;

let root: string;
let paths: { folder: string; addons: string };
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "own-folder-"));
  paths = { folder: join(root, "cluster"), addons: join(root, "cluster/addons") };
  await mkdir(paths.folder);
});

async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(root, "of-user", name);
  await mkdir(join(path, "parts"), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}
const mine = (more: Readonly<Record<string, string>> = {}) =>
  folder("mine", { "addon.yaml": addon("mine"), "parts/all.yaml": settings, ".secret": "x", ...more });

describe("a user's folder", () => {
  test("is copied without hidden files, again and again, and nobody else can read it", async () => {
    const from = await mine();
    for (const text of [settings, `# later\n${settings}`]) {
      await writeFile(join(from, "parts/all.yaml"), text);
      const staged = await stageAddon(from, false, paths);
      expect(staged.found.addon.name).toBe("mine");
      await staged.keep();
      await staged.discard();
      expect(await readFile(join(paths.addons, "mine/parts/all.yaml"), "utf8")).toBe(text);
    }
    expect((await readdir(paths.addons, { recursive: true })).sort()).toEqual([
      ...["mine", "mine/addon.yaml", "mine/parts", "mine/parts/all.yaml"],
    ]);
    expect((await stat(join(paths.addons, "mine/addon.yaml"))).mode & 0o077).toBe(0);
    expect(await readdir(paths.folder)).toEqual(["addons"]);
    await forgetOwnFolder(paths, "mine");
    await forgetOwnFolder(paths, "../../of-user/mine");
    expect(await readdir(paths.addons)).toEqual([]);
    expect(await readdir(from)).toContain("addon.yaml");
  });

  test("is not the cluster's until it is kept", async () => {
    await (await stageAddon(await mine(), false, paths)).discard();
    expect(await readdir(paths.folder)).toEqual([]);
  });

  test("can be taken back after it was kept", async () => {
    const from = await mine();
    const first = await stageAddon(from, false, paths);
    await first.keep();
    await first.restore();
    expect(await readdir(paths.addons)).toEqual([]);
    await first.discard();
    const kept = await stageAddon(from, false, paths);
    await kept.keep();
    await kept.discard();
    await writeFile(join(from, "parts/all.yaml"), `# later\n${settings}`);
    const later = await stageAddon(from, false, paths);
    await later.keep();
    await later.restore();
    await later.discard();
    expect(await readFile(join(paths.addons, "mine/parts/all.yaml"), "utf8")).toBe(settings);
  });

  test("that changes the nodes has to be trusted", async () => {
    const node = { registries: { "mine.local:5000": "127.0.0.1:5000" }, flags: { kubelet: { v: "5" } } };
    const from = await mine({ "addon.yaml": addon("mine", { node }) });
    await expect(stageAddon(from, false, paths)).rejects.toThrow(
      `The addon mine in ${from} changes the nodes: the registry mine.local:5000, kubelet.v`,
    );
    expect((await stageAddon(from, true, paths)).found.addon.versions[0]?.node).toEqual(node);
  });

  test("is told with the rights of its pods", async () => {
    const { notices } = await stageAddon(await mine({ "parts/all.yaml": pod }), false, paths);
    expect(notices).toEqual([
      "the addon mine has pods with rights on the node: DaemonSet agent (privileged, hostNetwork, the node's /var/log)",
    ]);
  });

  test.each<[string, () => Promise<string>, string, RegExp]>([
    [
      "a link in it",
      async () => {
        const from = await mine();
        await symlink("/etc/passwd", join(from, "parts/users"));
        return from;
      },
      "ADDON_INVALID",
      /mine cannot be used: parts\/users: it is neither a file nor a folder/,
    ],
    [
      "too much",
      () => mine({ large: "x".repeat(4 * 1024 * 1024) }),
      "ADDON_INVALID",
      /at most 500 files with 4 MiB/,
    ],
    [
      "an object that cannot be read",
      () => mine({ "parts/all.yaml": "kind: [" }),
      "ADDON_INVALID",
      /of-user\/mine cannot be used: parts\/all\.yaml: line 1/,
    ],
    [
      "a path out of it",
      () => mine({ "addon.yaml": addon("mine", { objects: ["../../other.yaml"] }) }),
      "ADDON_INVALID",
      /objects/,
    ],
    [
      "a missing file",
      () => mine({ "addon.yaml": addon("mine", { objects: ["no.yaml"] }) }),
      "ADDON_INVALID",
      /no\.yaml: there is no such file/,
    ],
    ["another name", () => mine({ "addon.yaml": addon("other") }), "ADDON_INVALID", /name is other/],
    ["no addon", () => folder("empty", {}), "ADDON_INVALID", /there is no such file/],
    ["no folder", () => Promise.resolve(join(root, "none")), "ADDON_INVALID", /ENOENT/],
    [
      "a name that is taken",
      () => folder("storage", { "addon.yaml": addon("storage") }),
      "ADDON_NAME_TAKEN",
      /localkube has an addon storage already/,
    ],
  ])("with %s is refused, and nothing is left of it", async (_name, made, id, text) => {
    const failed: unknown = await stageAddon(await made(), false, paths).catch((error: unknown) => error);
    expect(failed).toMatchObject({ id });
    expect((failed as Error).message).toMatch(text);
    expect(await readdir(paths.folder)).toEqual([]);
  });

  test("outlives its cluster when that is made again", async () => {
    await (await stageAddon(await mine(), false, paths)).keep();
    await keepingOwnFolders(paths, () => rm(paths.folder, { recursive: true }));
    expect(await readdir(paths.addons)).toEqual(["mine"]);
    await keepingOwnFolders({ folder: join(root, "b"), addons: join(root, "b/addons") }, () =>
      Promise.resolve(),
    );
  });
});
