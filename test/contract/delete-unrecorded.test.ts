import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deleteCluster } from "../../src/cluster/start/delete.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";

const podman = (...args: string[]): string => execFileSync("podman", args, { encoding: "utf8" });
const profile = `unrecorded-${process.pid}`;
const machine = `localkube-${profile}`;
const image = `localhost/${machine}:test`;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "localkube-unrecorded-"));
  const archive = pack();
  archive.entry({ name: "empty" }, "");
  archive.finalize();
  execFileSync("podman", ["import", "-", image], { input: await buffer(archive), stdio: "pipe" });
});
afterAll(async () => {
  for (const name of [machine, `${machine}-stranger`]) podman("rm", "--force", "--ignore", name);
  podman("volume", "rm", "--force", `${machine}-var`);
  podman("rmi", "--force", image);
  await rm(home, { recursive: true, force: true });
});

const context = () => ({
  host: hostContext({
    ...process.env,
    HOME: home,
    LOCALKUBE_HOME: join(home, "state"),
    XDG_CACHE_HOME: join(home, "cache"),
    KUBECONFIG: join(home, "kubeconfig"),
  }),
  signal: AbortSignal.timeout(60_000),
  emit: () => undefined,
  log: () => undefined,
});
const containers = () => podman("ps", "--all", "--format", "{{.Names}}").split("\n");

test("delete removes a machine of ours that no record knows, with its volume, and nothing of a like name", async () => {
  const label = `dev.localkube.machine=${machine}`;
  podman("volume", "create", "--label", label, `${machine}-var`);
  podman("create", "--name", machine, "--label", label, "--volume", `${machine}-var:/var`, image, "x");
  podman("create", "--name", `${machine}-stranger`, image, "x");
  expect(await deleteCluster(profile, context())).toEqual({ name: profile, existed: true });
  expect(containers()).not.toContain(machine);
  expect(containers()).toContain(`${machine}-stranger`);
  expect(podman("volume", "ls", "--format", "{{.Name}}").split("\n")).not.toContain(`${machine}-var`);
  expect(await deleteCluster(profile, context())).toEqual({ name: profile, existed: false });
});

test("a container of that name that is not ours stays", async () => {
  podman("create", "--name", machine, image, "x");
  expect(await deleteCluster(profile, context())).toEqual({ name: profile, existed: false });
  expect(containers()).toContain(machine);
});
