import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { localkube, projectRoot, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

const recordOf = (name: string): string => join(home, "state/clusters", name, "cluster.json");
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

test("delete --all --purge leaves what localkube did not make, and names it", async () => {
  // What a careless LOCALKUBE_HOME=$HOME means.
  const files = { ".bashrc": "", "thesis.tex": "mine", "machines/disk.img": "", "config.json": "{}" };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(home, "state", name, ".."), { recursive: true });
    await writeFile(join(home, "state", name), content);
  }
  // The settings of somebody else are in the way of everything that reads settings.
  await writeFile(join(home, "state/config.json"), '{"schema":1,"settings":{"cpus":"1"}}');
  await storeCluster(home, "two");
  const { stdout, stderr, exitCode } = await localkube(home, ["delete", "--all", "--purge", "-o", "json"]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(json(stdout)).toMatchObject({
    deleted: [{ name: "two", existed: true }],
    kept: [".bashrc", "machines/disk.img", "thesis.tex"].map((name) => join(home, "state", name)),
  });
  expect((await readdir(join(home, "state"))).sort()).toEqual([".bashrc", "machines", "thesis.tex"]);
  const text = await localkube(home, ["delete", "--all", "--purge"]);
  expect(text.stdout).toContain(`Kept ${join(home, "state/thesis.tex")}: localkube did not create it`);
});

test("delete --all --purge of a home of our own leaves nothing of it", async () => {
  await localkube(home, ["config", "set", "cpus", "1"]);
  await storeCluster(home, "two");
  const { stdout, stderr, exitCode } = await localkube(home, ["delete", "--all", "--purge"]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).not.toContain("Kept");
  expect(existsSync(join(home, "state"))).toBe(false);
});

test.each([
  ["empty", ""],
  ["truncated", '{\n  "schema": 3,\n  "driver": "podman"'],
  ["of a wrong shape", '{"schema":3}'],
])("a record that is %s can be deleted, and nothing else makes anything of it", async (_what, content) => {
  await storeCluster(home, "bad");
  await storeCluster(home, "good");
  await writeFile(recordOf("bad"), content);
  for (const argv of [["start"], ["start", "--recreate"], ["status"], ["stop"]]) {
    const { stderr, exitCode } = await localkube(home, [...argv, "-p", "bad"]);
    expect(stderr).toContain("Error STATE_DAMAGED");
    expect(stderr).toContain("localkube delete -p bad");
    expect(exitCode).toBe(78);
  }
  expect(await readFile(recordOf("bad"), "utf8")).toBe(content);
  const { stdout, exitCode } = await localkube(home, ["delete", "-p", "bad"]);
  expect({ stdout, exitCode }).toEqual({ stdout: "Cluster bad is deleted\n", exitCode: 0 });
  expect(await readdir(join(home, "state/clusters"))).toEqual(["good"]);
});

test("a record of a newer localkube is not deleted: this one does not know what belongs to it", async () => {
  await storeCluster(home, "new");
  await writeFile(recordOf("new"), '{"schema":99}');
  const { stderr, exitCode } = await localkube(home, ["delete", "-p", "new"]);
  expect(stderr).toContain("Error STATE_TOO_NEW");
  expect(exitCode).toBe(78);
  expect(existsSync(recordOf("new"))).toBe(true);
});

test("delete --all goes on after failures and tells all of them", async () => {
  for (const name of ["a", "b", "c"]) await storeCluster(home, name);
  for (const name of ["a", "c"]) await writeFile(recordOf(name), '{"schema":99}');
  const { stdout, exitCode } = await localkube(home, ["delete", "--all", "-o", "json"]);
  const { error } = json(stdout) as { error: { id: string; message: string; output: string } };
  expect(error.id).toBe("DELETE_INCOMPLETE");
  expect(JSON.stringify(error)).toMatch(/a: .*STATE_TOO_NEW.*c: .*STATE_TOO_NEW/);
  expect(exitCode).toBe(70);
  expect(await readdir(join(home, "state/clusters"))).toEqual(["a", "c"]);
  const text = await localkube(home, ["delete", "--all"]);
  expect(text.stderr).toContain("clusters/a/cluster.json");
  expect(text.stderr).toContain("clusters/c/cluster.json");
});

test("the default profile is not a deleted one", async () => {
  await storeCluster(home, "two");
  await storeCluster(home, "three");
  await localkube(home, ["profile", "use", "two"]);
  expect((await localkube(home, ["delete", "-p", "three"])).stdout).not.toContain("--profile");
  expect((await localkube(home, ["config", "get", "profile"])).stdout).toBe("two\n");
  const { stdout } = await localkube(home, ["delete"]);
  expect(stdout).toBe("Cluster two is deleted\nCommands without --profile now work on localkube\n");
  expect((await localkube(home, ["config", "get", "profile"])).exitCode).toBe(66);
});

test("a relative LOCALKUBE_HOME means one folder, wherever one stands later", async () => {
  const environment = { LOCALKUBE_HOME: "lk" };
  const inFolder = (folder: string, words: string[], env: Record<string, string>) =>
    localkube(home, words, env, folder);
  await mkdir(join(home, "one"));
  await inFolder(join(home, "one"), ["config", "set", "cpus", "1"], environment);
  const { stdout } = await inFolder(join(home, "one"), ["config", "view", "-o", "json"], environment);
  expect(json(stdout)).toEqual({ file: join(home, "one/lk/config.json"), settings: { cpus: "1" } });
  expect(await readdir(home)).toEqual(["cache", "one"]);
});

test("start --dry-run waits for no lock and writes nothing", async () => {
  await storeCluster(home, "two");
  const before = await readFile(recordOf("two"), "utf8");
  await heldLock("two");
  const began = performance.now();
  const { stdout, stderr, exitCode } = await localkube(home, ["start", "-p", "two", "--dry-run"], {
    LOCALKUBE_DRIVER: "podman",
  });
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toContain("start of two would:");
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await readFile(recordOf("two"), "utf8")).toBe(before);
});

test("start --dry-run makes no state folder", async () => {
  const { exitCode } = await localkube(home, ["start", "--dry-run", "--driver", "podman"]);
  expect(exitCode).toBe(0);
  expect(existsSync(join(home, "state"))).toBe(false);
});

test("snapshot list waits for no lock", async () => {
  await storeCluster(home, "two");
  await heldLock("two");
  const { stderr } = await localkube(home, ["snapshot", "list", "-p", "two"]);
  expect(stderr).toContain("DRIVER_CANNOT");
});

test("a start that waited while its cluster was deleted does not make it again", async () => {
  await storeCluster(home, "two");
  const release = await heldLock("two");
  const start = localkube(home, ["start", "-p", "two"]);
  await sleep(2500);
  // What a delete does under the lock.
  const { rm } = await import("node:fs/promises");
  await rm(join(home, "state/clusters/two"), { recursive: true });
  await release();
  const { stderr, exitCode } = await start;
  expect(stderr).toContain("Error CLUSTER_DELETED_MEANWHILE");
  expect(exitCode).toBe(75);
  expect(existsSync(recordOf("two"))).toBe(false);
});

/** Another process that works on the profile until it is released. */
async function heldLock(name: string): Promise<() => Promise<void>> {
  const child = spawn(
    process.execPath,
    [join(projectRoot, "test/unit/state/hold-lock.ts"), join(home, "state"), name],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  const release = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(release);
  await once(child.stdout, "data");
  return release;
}
