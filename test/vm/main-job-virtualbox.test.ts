import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "../e2e/kit/busybox-image.ts";
import { emulatedMs, eventually, kubectl } from "../e2e/kit/kubectl.ts";
import { profileOfRun, type Workspace, workspace } from "../e2e/kit/workspace.ts";
import { type VirtualBoxRig, virtualBoxRig } from "../rigs/virtualbox/virtualbox-rig.ts";
import { virtualBoxTraces } from "./kit/virtualbox-under-test.ts";
import { vmLeftovers } from "./kit/vm-leftovers.ts";

const profile = profileOfRun("vbox-main");
const bootMs = 900_000;

/** The whole way with the real VirtualBox, its machine run by QEMU (test/rigs/virtualbox/front): what only this driver does, no more. */
describe("the main job on a VirtualBox machine", () => {
  let rig: VirtualBoxRig;
  let user: Workspace;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const ok = (...args: string[]) => user.ok([...args, "-p", profile], { timeoutMs: bootMs });
  const bootId = async () =>
    (await user.ok(["ssh", "-p", profile, "--", "cat", "/proc/sys/kernel/random/boot_id"])).stdout.trim();
  const status = async () =>
    JSON.parse((await user.run(["status", "-p", profile, "--output", "json"])).stdout) as object;

  beforeAll(async () => {
    rig = await virtualBoxRig();
    user = await workspace({ LOCALKUBE_VBOXMANAGE: rig.front });
  });
  afterAll(async () => {
    await user?.dispose();
    await rig?.dispose();
  });

  it("starts a cluster with a pod that resolves names", async () => {
    const size = ["--cpus", "2", "--memory", "2G", "--disk-size", "8G"];
    const how = ["--driver", "virtualbox", "--artifacts", "debian", "--wait-timeout", "20m"];
    await user.ok(["start", "-p", profile, ...how, ...size], { timeoutMs: 3_000_000 });
    expect(await status()).toMatchObject({
      machine: "running",
      api: "running",
      node: "ready",
      kubeconfig: "configured",
    });
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    await k("run", "one", `--image=${busyboxRef}`, "--", "sleep", "100000");
    await k("wait", "--for=condition=Ready", "pod/one", "--timeout=600s");
    expect(await k("exec", "one", "--", "nslookup", "kubernetes.default.svc.cluster.local")).toContain(
      "10.96.0.1",
    );
  });

  it("suspends and goes on where it was", async () => {
    const before = await bootId();
    await ok("suspend");
    expect(await status()).toMatchObject({ machine: "saved" });
    await ok("resume");
    expect(await bootId()).toBe(before);
    await eventually(status, (now) => JSON.stringify(now).includes('"node":"ready"'), emulatedMs);
  });

  it("is stopped, and deleted with its machine, media and adapter", async () => {
    const record = join(user.home, "state/clusters", profile, "cluster.json");
    const { nodes } = JSON.parse(await readFile(record, "utf8")) as {
      nodes: readonly { machine: { ports: Record<string, number> } }[];
    };
    await ok("stop");
    expect(await status()).toMatchObject({ machine: "stopped" });
    await ok("delete");
    expect(await vmLeftovers(user, profile, Object.values(nodes[0]!.machine.ports))).toEqual([]);
    expect(await virtualBoxTraces(rig, join(user.home, "state"), `localkube-${profile}`)).toEqual([]);
  });
});
