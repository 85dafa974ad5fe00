import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { kubeconfigFile } from "../../../src/provision/kubeconfig/kubeconfig-file.ts";
import { kubeconfigState } from "../../../src/provision/kubeconfig/kubeconfig-state.ts";
import {
  checkKubeconfig,
  kubeconfigText,
  mergeKubeconfig,
} from "../../../src/provision/kubeconfig/merge-kubeconfig.ts";
import { removeKubeconfig } from "../../../src/provision/kubeconfig/remove-kubeconfig.ts";
import { foreign, kubeconfigHome, type Config } from "./kubeconfig-home.ts";

const { at, host, input, place, text, load } = kubeconfigHome();

test("a file of nothing but ours goes with the last cluster; an empty one of the user's stays", async () => {
  await mergeKubeconfig(input("one"), host());
  await mergeKubeconfig(input("two"), host());
  await removeKubeconfig("one", host());
  expect(existsSync(at.file)).toBe(true);
  await removeKubeconfig("two", host());
  expect(await readdir(join(at.home, ".kube"))).toEqual([]);
  expect(await removeKubeconfig("two", host())).toEqual({ changed: false });
  const skeleton = "apiVersion: v1\nclusters: null\nkind: Config\n";
  await place(skeleton);
  expect(await removeKubeconfig("two", host())).toEqual({ changed: false });
  expect(await text()).toBe(skeleton);
});

test.each([
  "",
  "# only a comment\n",
  "clusters: null\ncontexts:\nusers: ~\n",
  "{}",
  '{"clusters":[],"users":null}',
])("%j can be merged into", async (given) => {
  await place(given);
  await mergeKubeconfig(input(), host());
  expect(await kubeconfigState("demo", "https://127.0.0.1:40443", host())).toBe("configured");
  expect((await load()).contexts).toHaveLength(1);
  if (given.startsWith("#")) expect(await text()).toContain("# only a comment");
});

test("a name that YAML 1.1 takes for a truth or a number stays a name", async () => {
  for (const name of ["yes", "on", "null", "123", "1e3", "0x1f"]) {
    await mergeKubeconfig(input(name), host());
    const config = await load();
    expect(config["current-context"]).toBe(name);
    expect(config.contexts.at(-1)).toMatchObject({ name, context: { cluster: name, user: name } });
  }
});

test("an entry of that name that is not ours is left alone by merge, check and remove", async () => {
  await place(foreign);
  await expect(mergeKubeconfig(input("work"), host())).rejects.toMatchObject({ id: "KUBECONFIG_NAME_TAKEN" });
  await expect(checkKubeconfig("work", host())).rejects.toMatchObject({ id: "KUBECONFIG_NAME_TAKEN" });
  await checkKubeconfig("demo", host());
  expect(await removeKubeconfig("work", host())).toEqual({ changed: false });
  expect(await text()).toBe(foreign);
});

test.each([
  ["clusters: [\n", 2],
  ["a: b\nclusters:\n- x: {\n", 4],
  ["apiVersion: v1\nclusters: many\n", 2],
  ["- a\n", 1],
  ["a: 1\na: 2\n", 2],
  ["a: b\n---\nc: d\n", 2],
  ["just a text", 1],
])("%j is malformed at line %d, and stays as it is", async (given, line) => {
  await place(given);
  const malformed = { id: "KUBECONFIG_MALFORMED", params: { file: at.file, line } };
  await expect(mergeKubeconfig(input(), host())).rejects.toMatchObject(malformed);
  await expect(removeKubeconfig("demo", host())).rejects.toMatchObject(malformed);
  await expect(checkKubeconfig("demo", host())).rejects.toMatchObject(malformed);
  expect(await kubeconfigState("demo", "https://x", host())).toBe("misconfigured");
  expect(await text()).toBe(given);
  expect(await readdir(join(at.home, ".kube"))).toEqual(["config"]);
});

test("the state says whether kubectl would reach the cluster", async () => {
  const state = (server = "https://127.0.0.1:40443") => kubeconfigState("demo", server, host());
  expect(await state()).toBe("missing");
  await mergeKubeconfig(input(), host());
  expect(await state()).toBe("configured");
  expect(await state("https://127.0.0.1:1")).toBe("misconfigured");
  await writeFile(at.file, (await text()).replace("user: demo", "user: other"));
  expect(await state()).toBe("misconfigured");
});

test("clusters merged at the same time are all there", async () => {
  const names = Array.from({ length: 8 }, (_, i) => `c${i}`);
  await Promise.all(names.map((name) => mergeKubeconfig(input(name), host())));
  expect((await load()).contexts.map(({ name }) => name).sort()).toEqual(names);
  expect(await readdir(join(at.home, ".kube"))).toEqual(["config"]);
});

test("kubectl's lock is waited for, and waiting can be aborted", async () => {
  await place(foreign);
  await writeFile(`${at.file}.lock`, "");
  const aborted = mergeKubeconfig(input(), host(), { signal: AbortSignal.timeout(150) });
  await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" });
  const impatient = mergeKubeconfig(input(), host(), { lockWaitMs: 100 });
  await expect(impatient).rejects.toMatchObject({
    id: "KUBECONFIG_LOCKED",
    fix: expect.stringContaining(`${at.file}.lock`) as string,
  });
  expect(await text()).toBe(foreign);
  const merging = mergeKubeconfig(input(), host());
  setTimeout(() => void rm(`${at.file}.lock`), 150);
  expect(await merging).toMatchObject({ changed: true });
});

test("the file is the first of KUBECONFIG; a link to it stays a link", async () => {
  const [first, second] = [join(at.home, "first"), join(at.home, "second")];
  const env = { HOME: at.home, KUBECONFIG: ["", first, second].join(delimiter) };
  expect(kubeconfigFile({ env })).toBe(first);
  expect(kubeconfigFile({ env: { HOME: at.home, KUBECONFIG: "" } })).toBe(at.file);
  await writeFile(second, foreign);
  await symlink(second, first);
  await mergeKubeconfig(input(), { env });
  expect((await stat(second)).isFile()).toBe(true);
  expect(await readFile(second, "utf8")).toContain("name: demo");
  await removeKubeconfig("demo", { env: { HOME: at.home } }, { files: [first] });
  expect(await readFile(second, "utf8")).toBe(foreign);
});

test("a kubeconfig that is a folder is KUBECONFIG_UNUSABLE", async () => {
  await mkdir(at.file, { recursive: true });
  await expect(mergeKubeconfig(input(), host())).rejects.toMatchObject({ id: "KUBECONFIG_UNUSABLE" });
  expect(await kubeconfigState("demo", "https://x", host())).toBe("misconfigured");
});

test("the profile's own kubeconfig holds this cluster alone", async () => {
  const own = parse(await kubeconfigText(input())) as Config;
  expect(own["current-context"]).toBe("demo");
  expect([own.clusters.length, own.users.length, own.contexts.length]).toEqual([1, 1, 1]);
});
