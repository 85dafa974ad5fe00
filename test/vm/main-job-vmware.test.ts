import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "../e2e/kit/busybox-image.ts";
import { eventually, kubectl } from "../e2e/kit/kubectl.ts";
import { profileOfRun, type Workspace, workspace } from "../e2e/kit/workspace.ts";
import { machineProcesses, makeRig, type VmwareRig } from "../rigs/vmware/make-rig.ts";
import { vmLeftovers } from "./kit/vm-leftovers.ts";

const profile = profileOfRun("vmw-main");
const bootMs = 900_000;

/** A cluster on a VMware machine, as far as the rig is one; the order of the tests is the order of its life. */
describe("the main job on a VMware machine", () => {
  let rig: VmwareRig;
  let user: Workspace;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const ok = (...args: string[]) => user.ok([...args, "-p", profile], { timeoutMs: bootMs });
  const bootId = async () =>
    (await user.ok(["ssh", "-p", profile, "--", "cat", "/proc/sys/kernel/random/boot_id"])).stdout.trim();
  const status = async () =>
    JSON.parse((await user.run(["status", "-p", profile, "--output", "json"])).stdout) as object;
  const resolves = async () =>
    expect(
      await eventually(
        () => k("exec", "tool", "--", "nslookup", "kubernetes.default.svc.cluster.local"),
        (text) => text.includes("10.96.0.1"),
        bootMs,
      ),
    ).toContain("10.96.0.1");

  beforeAll(async () => {
    rig = await makeRig();
    user = await workspace(rig.env);
  });
  afterAll(async () => {
    await user?.dispose();
    await rig?.dispose();
  });

  it("starts a cluster whose API answers at the machine's own address", async () => {
    const size = ["--cpus", "2", "--memory", "2G", "--disk-size", "8G", "--wait-timeout", "20m"];
    await user.ok(["start", "-p", profile, "--driver", "vmware", "--artifacts", "debian", ...size], {
      timeoutMs: 3_000_000,
    });
    expect(await status()).toMatchObject({ machine: "running", api: "running", node: "ready" });
    const address = (await ok("ip")).stdout.trim();
    expect(address.startsWith(`${rig.network}.`)).toBe(true);
    expect(await readFile(user.kubeconfig, "utf8")).toContain(`https://${address}:6443`);
  });

  it("runs a pod that resolves names", async () => {
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    await k("run", "tool", `--image=${busyboxRef}`, "--", "sleep", "86400");
    await k("wait", "--for=condition=Ready", "pod/tool", "--timeout=600s");
    await resolves();
  });

  it("suspends to disk and goes on where it was", async () => {
    const boot = await bootId();
    await ok("suspend");
    expect(await machineProcesses(rig.root)).toEqual([]);
    expect(await status()).toMatchObject({ machine: "saved" });
    await ok("resume");
    expect(await bootId()).toBe(boot);
    await resolves();
  });

  it("is stopped, and deleted without a process, file, port or network device", async () => {
    await ok("stop");
    expect(await status()).toMatchObject({ machine: "stopped" });
    await ok("delete");
    expect(await vmLeftovers(user, profile, [])).toEqual([]);
    expect(await machineProcesses(rig.root)).toEqual([]);
    expect(await rig.taps()).toEqual([]);
  });
});
