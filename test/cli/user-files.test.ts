import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { cleanEnvironment, localkube, projectRoot, run, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

const isRoot = process.getuid?.() === 0;
let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

const machine = {
  driver: "podman",
  name: "localkube-web",
  address: "127.0.0.1",
  addressReachable: true,
  ports: { ssh: 1, api: 2 },
  data: {},
};
const nodes = [{ name: "web", role: "control-plane", machine }] as const;

test.each(["${HOME}", "two\nlines"])(
  "a state folder named %j is refused before anything is made",
  async (name) => {
    const folder = join(home, name);
    const env = { LOCALKUBE_HOME: folder };
    const started = await localkube(home, ["start", "--driver", "podman"], env);
    expect(started.stderr).toMatch(/^Error STATE_PATH_UNUSABLE: /m);
    expect(started.stderr).toContain("LOCALKUBE_HOME");
    expect(started.exitCode).toBe(73);
    expect(existsSync(folder)).toBe(false);
  },
);

test("a timeline that could not be written is told before anything is made", async () => {
  for (const file of [join(home, "nowhere/t.html"), home]) {
    const { stderr, exitCode } = await localkube(home, ["start", "--timeline", file]);
    expect(stderr).toMatch(/^Error FILE_UNWRITABLE: /m);
    expect(stderr).toContain("--timeline");
    expect(exitCode).toBe(73);
  }
  expect(existsSync(join(home, "state"))).toBe(false);
});

test.runIf(isRoot)("a device named by KUBECONFIG or --timeline stays what it is", async () => {
  const device = join(home, "null");
  execFileSync("mknod", [device, "c", "1", "3"]);
  chmodSync(device, 0o666);
  await storeCluster(home, "web", { nodes });
  for (const argv of [["start"], ["start", "--dry-run"], ["update-context", "-p", "web"]]) {
    const { stderr, exitCode } = await localkube(home, argv, { KUBECONFIG: device });
    expect(stderr).toMatch(/^Error KUBECONFIG_UNUSABLE: .* a device/m);
    expect(exitCode).toBe(73);
  }
  // Another mistake ends the start; the picture of it is written through all the same.
  const { stderr } = await localkube(home, ["start", "--timeline", device], { KUBECONFIG: home });
  expect(stderr).toMatch(/^Error KUBECONFIG_UNUSABLE: .* a folder/m);
  expect([lstatSync(device).isCharacterDevice(), statSync(device).mode & 0o777]).toEqual([true, 0o666]);
});

test.runIf(isRoot)("a mounted kubeconfig is updated in place and keeps its mode", async () => {
  const [file, source] = [join(home, "config"), join(home, "source")];
  writeFileSync(file, "");
  writeFileSync(source, "apiVersion: v1\nkind: Config\n");
  chmodSync(source, 0o644);
  execFileSync("mount", ["--bind", source, file]);
  onTestFinished(() => void execFileSync("umount", [file]));
  await storeCluster(home, "web", { nodes });
  const { exitCode } = await localkube(home, ["update-context", "-p", "web"], { KUBECONFIG: file });
  expect([exitCode, statSync(source).mode & 0o777]).toEqual([0, 0o644]);
  expect(readFileSync(source, "utf8")).toContain("name: web");
});

test("every kubeconfig that got entries is on record", async () => {
  await storeCluster(home, "web", { nodes });
  for (const name of ["one", "two", "one", "three"])
    await localkube(home, ["update-context", "-p", "web"], { KUBECONFIG: join(home, name) });
  const text = readFileSync(join(home, "state/clusters/web/cluster.json"), "utf8");
  expect(JSON.parse(text)).toMatchObject({
    userKubeconfig: join(home, "three"),
    formerKubeconfigs: [join(home, "one"), join(home, "two")],
  });
});

test.each([
  ["cpus: *n\n", "2:7", "alias"],
  ["cpus: 2\n---\ncpus: 3\n", "3:1", "second document"],
  ["? [a]\n: b\n", "2:3", "a key must be a text"],
  ["cpus: !mine 2\n", "2:7", "Unresolved tag"],
])("--config with %j names the place, in our words", async (text, place, words) => {
  const file = join(home, "localkube.yaml");
  writeFileSync(file, `apiVersion: localkube/v1\n${text}`);
  const { stderr, exitCode } = await localkube(home, ["start", "--config", file]);
  expect(stderr).toContain(`Error CONFIG_FILE_INVALID: ${file}:${place}: `);
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/YAML\.|Warning|BUG/);
  expect(exitCode).toBe(2);
});

test.each([
  ["a: *n\n", "line 1, column 4: the alias"],
  ["a: &a [*a]\n", "line 1, column 8: the alias"],
  ["? [a]\n: b\n", "line 1, column 3: a key must be a text"],
])("--cni FILE with %j names the place, in our words", async (text, words) => {
  const file = join(home, "net.yaml");
  writeFileSync(file, text);
  const { stderr, exitCode } = await localkube(home, ["start", "--dry-run", "--cni", file]);
  expect(stderr).toMatch(/^Error CNI_FILE_INVALID: /m);
  expect(stderr).toContain(words);
  expect(exitCode).toBe(2);
});

test.runIf(isRoot)("after sudo -E the home's files are its owner's", async () => {
  chownSync(home, 4711, 4712);
  const { PATH = "" } = cleanEnvironment(home);
  const sudo = { PATH, HOME: home, SUDO_UID: "4711", SUDO_GID: "4712" };
  mkdirSync(join(home, ".kube/cache"), { recursive: true }); // an earlier command was killed
  const launcher = join(projectRoot, "bin/localkube");
  await run(process.execPath, [launcher, "config", "set", "cpus", "2"], sudo);
  for (const name of [".localkube", ".localkube/config.json", ".kube", ".kube/cache", ".cache"]) {
    const { uid, gid } = statSync(join(home, name));
    expect([name, uid, gid]).toEqual([name, 4711, 4712]);
  }
});
