import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

const store = (name: string) => storeCluster(home, name);

test("list shows every cluster with the current one marked; use moves the mark", async () => {
  expect((await localkube(home, ["profile", "list"])).stdout).toContain("localkube start");
  await store("localkube");
  await store("two");
  const lines = async () => (await localkube(home, ["profile", "list"])).stdout.trimEnd().split("\n");
  expect(await lines()).toEqual([
    "  PROFILE    DRIVER  RUNTIME     KUBERNETES  MACHINE",
    "* localkube  podman  containerd  v1.20.2     absent",
    "  two        podman  containerd  v1.20.2     absent",
  ]);
  expect((await localkube(home, ["profile", "use", "two"])).exitCode).toBe(0);
  expect((await lines()).at(-1)).toMatch(/^\* two /);
  expect((await localkube(home, ["profile", "list", "-p", "localkube"])).stdout).toContain("* localkube");
  const { profiles } = JSON.parse((await localkube(home, ["profile", "list", "-o", "json"])).stdout) as {
    profiles: object[];
  };
  expect(profiles).toContainEqual({
    name: "two",
    current: true,
    driver: "podman",
    runtime: "containerd",
    kubernetesVersion: "v1.20.2",
    phase: "stopped",
    machine: "absent",
    nodes: [{ name: "two", role: "control-plane", machine: "absent" }],
  });
});

test("a cluster whose record cannot be read is listed with the reason", async () => {
  await store("good");
  await mkdir(join(home, "state/clusters/bad"), { recursive: true });
  await writeFile(join(home, "state/clusters/bad/cluster.json"), "{");
  const { stdout, exitCode } = await localkube(home, ["profile", "list"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/ bad .*is damaged/);
  expect(stdout).toMatch(/ good .*v1\.20\.2/);
});

test("use refuses a profile that is not there, and a bad name", async () => {
  await store("two");
  const unknown = await localkube(home, ["profile", "use", "tow"]);
  expect(unknown.exitCode).toBe(66);
  expect(unknown.stderr).toContain("USAGE_UNKNOWN_PROFILE");
  expect(unknown.stderr).toContain("did you mean 'two'");
  const bad = await localkube(home, ["profile", "use", "../two"]);
  expect(bad.exitCode).toBe(2);
  expect(bad.stderr).toContain("PROFILE_NAME_INVALID");
});
