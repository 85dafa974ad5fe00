import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { markFolder, removeMark, removeOwn } from "../../../src/state/own-folders.ts";

let root = "";
const stateDir = () => join(root, "state");
const cacheDir = () => join(root, "localkube");
const host = () => ({ stateDir: stateDir(), cacheDir: cacheDir() });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "localkube-own-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

const settings = JSON.stringify({ schema: 1, settings: { cpus: "2" } });
/** What we put into a state folder, as it is when no cluster is left. */
const ownState = {
  "config.json": settings,
  "packet.json": JSON.stringify({ schema: 1, id: "x", projects: [] }),
  "locks/demo.json": "{}",
  "clusters/demo/logs/start.log": "",
  "clusters/.other.removed/pki/ca.key": "",
};
const ownCache = {
  "artifacts/dl.k8s.io/v1/kubelet": "",
  "artifacts/debian/bookworm/file": "",
  "images/machine-0123.tar": "",
  "build/0a-0b/log": "",
  "build/0a-0b-amd64.lock": "",
  "qemu/probe-1.json": "",
  "volumes/artifacts-1.iso": "",
  "compile-cache/v24.1/x": "",
};

async function purge(): Promise<readonly string[]> {
  const removals = [await removeOwn(host(), "cache"), await removeOwn(host(), "state")];
  await rm(join(stateDir(), "locks"), { recursive: true, force: true });
  await removeMark(host(), "cache");
  await removeMark(host(), "state");
  return removals.flatMap(({ kept }) => kept).map((path) => path.slice(root.length + 1));
}

describe.each([
  ["that were marked when they were made", true],
  ["of an earlier version, without a mark", false],
])("folders %s", (_what, marked) => {
  test("go as a whole when nothing else is in them", async () => {
    if (marked) {
      await markFolder(host(), "state");
      await markFolder(host(), "cache");
    }
    await put(stateDir(), ownState);
    await put(cacheDir(), ownCache);
    expect(await purge()).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });

  test("keep what the user put there, at every depth", async () => {
    if (marked) await markFolder(host(), "state");
    await put(stateDir(), {
      ...ownState,
      "notes.txt": "mine",
      "clusters/demo/thesis.tex": "mine",
      "clusters/README": "mine",
      "machines/disk.img": "mine",
    });
    expect([...(await purge())].sort()).toEqual([
      "state/clusters/README",
      "state/clusters/demo",
      "state/machines/disk.img",
      "state/notes.txt",
    ]);
    expect(await readFile(join(stateDir(), "clusters/demo/thesis.tex"), "utf8")).toBe("mine");
    expect(existsSync(join(stateDir(), "clusters/.other.removed"))).toBe(false);
    expect(existsSync(join(stateDir(), "config.json"))).toBe(false);
  });
});

test("a folder that was there before us keeps all that has a name of ours and is not ours", async () => {
  const theirs = {
    "config.json": '{"name":"an editor"}',
    "packet.json": "[]",
    "machines/mine/disk.vmdk": "",
    "clusters/prod/inventory.yaml": "",
    "clusters/stage/kubeconfig": "",
    "hosts/list": "",
    "Documents/thesis.tex": "",
  };
  await put(stateDir(), theirs);
  await markFolder(host(), "state");
  await put(stateDir(), { "locks/demo.json": "{}", "clusters/demo/kubeconfig": "" });
  await put(stateDir(), { "clusters/gone/pki/ca.key": "" });
  await purge();
  for (const [name, content] of Object.entries(theirs))
    expect(await readFile(join(stateDir(), name), "utf8")).toBe(content);
  expect((await readdir(stateDir())).sort()).toEqual([
    "Documents",
    "clusters",
    "config.json",
    "hosts",
    "machines",
    "packet.json",
  ]);
  expect(await readdir(join(stateDir(), "clusters"))).toEqual(["demo", "prod", "stage"]);
});

test.each([true, false])(
  "a clone of a project named localkube is no cache of ours (marked: %s)",
  async (marked) => {
    const theirs = {
      "build/main.js": "",
      "images/logo.png": "",
      "artifacts/v1.0/report": "",
      "tmp/x": "",
      "src/main.ts": "",
    };
    await put(cacheDir(), theirs);
    if (marked) {
      await markFolder(host(), "cache");
      await put(cacheDir(), { "qemu/probe-1.json": "", "volumes/artifacts-1.iso": "" });
    }
    await purge();
    for (const name of Object.keys(theirs)) expect(existsSync(join(cacheDir(), name))).toBe(true);
    expect(existsSync(join(cacheDir(), "qemu"))).toBe(false);
  },
);

test("links are not followed, and an entry of ours behind a linked folder goes", async () => {
  await put(join(root, "elsewhere"), { "a.b/file": "mine", "locks/demo.json": "{}" });
  await put(join(root, "real"), { "config.json": settings, "clusters/demo/pki/ca.key": "" });
  await symlink(join(root, "real"), stateDir());
  await mkdir(cacheDir());
  await symlink(join(root, "elsewhere"), join(cacheDir(), "artifacts"));
  expect(await purge()).toEqual(["localkube/artifacts"]);
  expect(await readFile(join(root, "elsewhere/a.b/file"), "utf8")).toBe("mine");
  expect((await lstat(stateDir())).isSymbolicLink()).toBe(true);
  expect(await readdir(join(root, "real"))).toEqual([]);
});

test("damaged settings go with a folder that we made, and stay in one of which nobody knows", async () => {
  await put(stateDir(), { "config.json": "" });
  expect(await purge()).toEqual(["state/config.json"]);
  await rm(stateDir(), { recursive: true });
  await markFolder(host(), "state");
  await put(stateDir(), { "config.json": "" });
  expect(await purge()).toEqual([]);
  expect(existsSync(stateDir())).toBe(false);
});

test("purging nothing is fine, and so is purging twice", async () => {
  expect(await purge()).toEqual([]);
  expect(await purge()).toEqual([]);
  expect(await readdir(root)).toEqual([]);
});
