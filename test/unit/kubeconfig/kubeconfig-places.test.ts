import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { kubeconfigState } from "../../../src/provision/kubeconfig/kubeconfig-state.ts";
import { checkKubeconfig, mergeKubeconfig } from "../../../src/provision/kubeconfig/merge-kubeconfig.ts";
import { removeKubeconfig } from "../../../src/provision/kubeconfig/remove-kubeconfig.ts";
import { isRoot, userPlaces } from "../host/user-places.ts";
import { foreign, kubeconfigHome } from "./kubeconfig-home.ts";

const { at, host, input, place, text, load } = kubeconfigHome();
const { path, mountOver, fifo, nullDevice } = userPlaces();
const named = (...files: string[]) => ({ env: { HOME: at.home, KUBECONFIG: files.join(delimiter) } });

test.runIf(isRoot)("a device is refused before anything is made, and stays a device", async () => {
  nullDevice(path("null"));
  chmodSync(path("null"), 0o666);
  const unusable = { id: "KUBECONFIG_UNUSABLE", message: expect.stringContaining("a device") as string };
  await expect(checkKubeconfig("demo", named(path("null")))).rejects.toMatchObject(unusable);
  await expect(mergeKubeconfig(input(), named(path("null")))).rejects.toMatchObject(unusable);
  expect(await removeKubeconfig("demo", named(path("null")))).toEqual({ changed: false });
  expect(await kubeconfigState("demo", "https://x", named(path("null")))).toBe("misconfigured");
  const { mode } = lstatSync(path("null"));
  expect([lstatSync(path("null")).isCharacterDevice(), mode & 0o777]).toEqual([true, 0o666]);
  expect(readdirSync(join(path("null"), ".."))).toEqual(["null"]); // no lock beside it
});

test("a pipe is not waited for", async () => {
  fifo(path("pipe"));
  await expect(checkKubeconfig("demo", named(path("pipe")))).rejects.toMatchObject({
    id: "KUBECONFIG_UNUSABLE",
  });
  await place(foreign);
  await checkKubeconfig("demo", named(at.file, path("pipe")));
  expect(await removeKubeconfig("demo", named(path("pipe")))).toEqual({ changed: false });
});

test.runIf(isRoot)("a mount point takes the entries and gives them back", async () => {
  writeFileSync(path("source"), foreign, { mode: 0o644 });
  await place("");
  mountOver(at.file, path("source"));
  await checkKubeconfig("demo", host());
  await mergeKubeconfig(input(), host());
  expect(readFileSync(path("source"), "utf8")).toContain("name: demo");
  await removeKubeconfig("demo", host());
  expect(readFileSync(path("source"), "utf8")).toBe(foreign);
  expect(statSync(at.file).mode & 0o777).toBe(0o644);
  expect(readdirSync(join(at.home, ".kube"))).toEqual(["config"]);
});

test("a write that was cut off stops start, merge and removal", async () => {
  await place(foreign);
  writeFileSync(`${at.file}.localkube-backup`, `${foreign}# more\n`);
  const cutOff = { id: "FILE_HALF_WRITTEN" };
  await expect(checkKubeconfig("demo", host())).rejects.toMatchObject(cutOff);
  await expect(mergeKubeconfig(input(), host())).rejects.toMatchObject(cutOff);
  await expect(removeKubeconfig("demo", host())).rejects.toMatchObject(cutOff);
  expect(await text()).toBe(foreign);
});

test("a name in any file of KUBECONFIG is taken, and entries are removed from all of them", async () => {
  const [first, second] = [path("first"), path("second")];
  writeFileSync(second, foreign);
  await expect(checkKubeconfig("work", named(first, second))).rejects.toMatchObject({
    id: "KUBECONFIG_NAME_TAKEN",
    params: { file: second },
  });
  await checkKubeconfig("demo", named(first, second, path("third")));
  await mergeKubeconfig(input(), named(first));
  await mergeKubeconfig(input(), named(second));
  await removeKubeconfig("demo", named(first, second));
  expect([existsSync(first), readFileSync(second, "utf8")]).toEqual([false, foreign]);
});

test("a file that cannot be edited does not keep the others from being cleaned", async () => {
  mkdirSync(path("first"));
  writeFileSync(path("second"), foreign);
  await mergeKubeconfig(input(), named(path("second")));
  const files = [path("first"), path("second")];
  await expect(removeKubeconfig("demo", host(), { files })).rejects.toMatchObject({
    id: "KUBECONFIG_UNUSABLE",
  });
  expect(readFileSync(path("second"), "utf8")).toBe(foreign);
});

test("an empty frame of the user's stays when the last cluster goes", async () => {
  const frame =
    "apiVersion: v1\nclusters: []\ncontexts: []\ncurrent-context: ''\nkind: Config\npreferences: {}\nusers: []\n";
  await place(frame);
  await mergeKubeconfig(input(), host());
  await removeKubeconfig("demo", host());
  expect((await load()).contexts).toEqual([]);
  // One that we made goes with the last cluster, whichever that is.
  await mergeKubeconfig(input("one"), named(path("made")));
  await mergeKubeconfig(input("two"), named(path("made")));
  await removeKubeconfig("one", named(path("made")));
  await removeKubeconfig("two", named(path("made")));
  expect(existsSync(path("made"))).toBe(false);
});

test("hundreds of aliases, as kubectl reads them, are kept", async () => {
  const contexts = Array.from({ length: 300 }, (_, i) => `- {name: c${i}, context: *work}\n`).join("");
  const given = `apiVersion: v1\nkind: Config\ncontexts:\n- name: work\n  context: &work {cluster: work, user: me}\n${contexts}`;
  await place(given);
  await checkKubeconfig("demo", host());
  await mergeKubeconfig(input(), host());
  expect(await kubeconfigState("demo", "https://127.0.0.1:40443", host())).toBe("configured");
  await removeKubeconfig("demo", host());
  for (const line of given.split("\n")) expect((await text()).split("\n")).toContain(line);
});

test("entries behind aliases are found", async () => {
  await place("n: &n taken\nentry: &e\n  name: *n\n  context: {cluster: a}\ncontexts:\n- *e\n");
  await expect(checkKubeconfig("taken", host())).rejects.toMatchObject({ id: "KUBECONFIG_NAME_TAKEN" });
});

test.each([
  ["contexts:\n- name: a\n  context: *nowhere\n", 3, 12],
  ["a: b\n---\nc: d\n", 2, 1],
])("%j is told with line and column before anything is made", async (given, line, column) => {
  await place(given);
  const error = (await checkKubeconfig("demo", host()).catch((problem: unknown) => problem)) as Error;
  expect(error).toMatchObject({ id: "KUBECONFIG_MALFORMED", params: { line, column } });
  expect(error.message).not.toMatch(/YAML\.|toJS/);
});

test.each([
  [
    '{\n\t"apiVersion": "v1",\n\t"kind": "Config",\n\t"odd": [1.50, true, null, 1e3, "\\ud83d\\ude00"],\n\t"contexts": [],\n\t"current-context": ""\n}\n',
  ],
  ['{"apiVersion":"v1","contexts":[{"name":"a","context":{"cluster":"a"}}],"odd":1.50}'],
  ["{}"],
])("JSON stays JSON: %j", async (given) => {
  await place(given);
  await mergeKubeconfig(input("yes"), host());
  const merged = JSON.parse(await text()) as { contexts: { name: string }[]; odd?: unknown };
  expect(merged.contexts.at(-1)?.name).toBe("yes");
  if (given.includes("1.50")) expect(await text()).toContain("1.50");
  await removeKubeconfig("yes", host());
  expect(JSON.parse(await text())).toMatchObject(JSON.parse(given) as object);
  if (given.includes("\t")) expect(await text()).toContain('\n\t"apiVersion": "v1"');
});
