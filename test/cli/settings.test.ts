import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";

let home: string;
let file: string;
beforeEach(async () => {
  home = await temporaryHome();
  file = join(home, "state", "config.json");
});

const json = async (argv: string[], env: Record<string, string> = {}) =>
  JSON.parse((await localkube(home, [...argv, "--output", "json"], env)).stdout) as Record<string, unknown>;

test("set, get, view and unset keep one private file", async () => {
  expect((await localkube(home, ["config", "view"])).stdout).toBe("");
  expect((await localkube(home, ["config", "set", "profile", "two"])).stdout).toBe("profile = two\n");
  expect((await localkube(home, ["config", "get", "profile"])).stdout).toBe("two\n");
  expect((await localkube(home, ["config", "view"])).stdout).toBe("profile = two\n");
  expect(await json(["config", "view"])).toEqual({ file, settings: { profile: "two" } });
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ schema: 1, settings: { profile: "two" } });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, "state"))).mode & 0o777).toBe(0o700);
  expect((await localkube(home, ["config", "unset", "profile"])).stdout).toContain("no longer set");
  expect((await localkube(home, ["config", "get", "profile"])).exitCode).toBe(66);
});

test("a flag goes before its variable, the variable before the setting", async () => {
  await localkube(home, ["config", "set", "output", "json"]);
  const isJson = async (argv: string[], env = {}) =>
    (await localkube(home, argv, env)).stdout.startsWith("{");
  expect(await isJson(["version"])).toBe(true);
  expect(await isJson(["version"], { LOCALKUBE_OUTPUT: "text" })).toBe(false);
  expect(await isJson(["version", "-o", "json"], { LOCALKUBE_OUTPUT: "text" })).toBe(true);
});

test("a value that is not allowed is not stored, and one stored by hand can be removed", async () => {
  expect((await localkube(home, ["config", "set", "output", "xml"])).exitCode).toBe(2);
  expect((await localkube(home, ["config", "set", "profile", "No Good"])).stderr).toContain(
    "PROFILE_NAME_INVALID",
  );
  await mkdir(join(home, "state"), { recursive: true });
  await writeFile(file, JSON.stringify({ schema: 1, settings: { output: "xml" } }));
  const broken = await localkube(home, ["version"]);
  expect(broken.stderr).toContain("Fix: Run localkube config unset output");
  expect((await localkube(home, ["config", "unset", "output"])).exitCode).toBe(0);
  expect((await localkube(home, ["version"])).exitCode).toBe(0);
});

test.each([
  ["", "SETTINGS_DAMAGED"],
  ["{", "SETTINGS_DAMAGED"],
  ["[]", "SETTINGS_DAMAGED"],
  ['{"schema":1,"settings":{"cpus":4}}', "SETTINGS_DAMAGED"],
  ['{"schema":99,"settings":{}}', "STATE_TOO_NEW"],
])("a settings file %s stops with %s and stays as it is", async (content, id) => {
  await mkdir(join(home, "state"), { recursive: true });
  await writeFile(file, content);
  // `delete` without a name too: which profile is the default is what nobody knows then.
  for (const argv of [["start"], ["status"], ["delete"], ["config", "set", "profile", "two"]]) {
    const { exitCode, stderr } = await localkube(home, argv);
    expect(stderr).toContain(`Error ${id}`);
    expect(exitCode).toBe(78);
  }
  const unnamed = (await localkube(home, ["delete"])).stderr;
  if (id === "SETTINGS_DAMAGED")
    expect(unnamed).toContain(
      `discard the stored settings: rm ${file}. Or name the cluster: localkube delete -p NAME`,
    );
  // Those that need them only for the default profile do without when the cluster is named; start has defaults of flags there.
  for (const argv of [
    ["status"],
    ["ip"],
    ["stop"],
    ["logs"],
    ["ssh", "--", "true"],
    ["kubectl", "--", "get", "pods"],
    ["image", "ls"],
    ["snapshot", "list"],
    ["update-context"],
    ["autostart", "disable"],
    ["mirror", "verify", home],
  ]) {
    const { stderr } = await localkube(home, argv, { LOCALKUBE_PROFILE: "none" });
    expect(stderr).not.toContain(id);
  }
  expect((await localkube(home, ["start", "-p", "none", "--dry-run"])).stderr).toContain(`Error ${id}`);
  // What needs no settings does without.
  for (const argv of [
    ["version"],
    ["completion", "bash"],
    ["help"],
    ["start", "--help"],
    ["delete", "-p", "none"],
    ["profile", "list"],
    ["delete", "--all"],
  ]) {
    const { exitCode, stderr } = await localkube(home, argv);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
  }
  expect(await readFile(file, "utf8")).toBe(content);
});

test.each([
  [["cpus", "many"], "CPUS_INVALID"],
  [["memory", "lots"], "MEMORY_INVALID"],
  [["driver", "pod-man"], "DRIVER_UNKNOWN"],
  [["pod-cidr", "10.96.0.0/16"], "CIDR_OVERLAP"],
  [["extra-config", "kubelet.max-pods"], "EXTRA_CONFIG_MALFORMED"],
  [["recreate", "true"], "USAGE_COMMAND_LINE_ONLY"],
])("what start would refuse is not stored: %j", async (words, id) => {
  const { exitCode, stderr } = await localkube(home, ["config", "set", ...words]);
  expect(stderr).toContain(`Error ${id}`);
  expect(exitCode).toBe(2);
  expect((await localkube(home, ["config", "view"])).stdout).toBe("");
});

test("lists, switches and paths are stored", async () => {
  for (const [key, value] of [
    ["cpus", "1"],
    ["wait", "apiserver,node"],
    ["keep-context", "true"],
    ["extra-config", "kubelet.max-pods=50 apiserver.v=2"],
    ["mirror", "some/folder"],
    ["image", "disk.qcow2"],
    ["ssh-key", "key"],
  ] as const)
    expect((await localkube(home, ["config", "set", key, value])).stderr).toBe("");
  const { settings } = (await json(["config", "view"])) as { settings: Record<string, string> };
  expect(settings).toEqual({
    cpus: "1",
    wait: "apiserver,node",
    "keep-context": "true",
    "extra-config": "kubelet.max-pods=50 apiserver.v=2",
    mirror: join(process.cwd(), "some/folder"),
    image: join(process.cwd(), "disk.qcow2"),
    "ssh-key": join(process.cwd(), "key"),
  });
});

test("what confirms or removes is neither stored nor taken from a variable", async () => {
  const stored = await localkube(home, ["config", "set", "yes", "true"]);
  expect(stored.stderr).toContain("Error USAGE_COMMAND_LINE_ONLY: --yes ");
  expect(stored.exitCode).toBe(2);
  const { stdout, stderr } = await localkube(home, ["delete"], { LOCALKUBE_ALL: "1", LOCALKUBE_PURGE: "1" });
  expect(stderr).toContain("warning: LOCALKUBE_ALL is ignored: --all counts only on the command line\n");
  expect(stdout).toBe("There was no cluster localkube\n");
});
