import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostContext } from "../../src/host/host-context.ts";
import { type PodmanMachines, podmanMachines } from "../rigs/packet/podman-machines.ts";
import { type Provider, startProvider } from "../rigs/packet/provider.ts";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-packet");

/** One cluster on a server of the provider in test/rigs/packet, lived through from start to delete. */
describe("the packet driver against a provider of its API", () => {
  let user: Workspace;
  let provider: Provider;
  let machines: PodmanMachines;
  let options: readonly string[];
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const inPod = (...argv: string[]) => k("exec", "probe", "--", ...argv);
  const start = async (...more: string[]) => {
    const args = ["start", "-p", profile, "--driver", "packet", "--artifacts", "debian", ...options, ...more];
    return user.ok(args, { timeoutMs: 1_800_000 });
  };

  beforeAll(async () => {
    user = await workspace();
    const host = hostContext();
    const c = { host, signal: AbortSignal.timeout(1_200_000), report: () => undefined, log: () => undefined };
    machines = await podmanMachines(c);
    provider = await startProvider({ machines, byItself: true });
    const [ca, token] = [join(user.home, "ca.pem"), join(user.home, "token")];
    await writeFile(ca, provider.authority);
    await writeFile(token, `${provider.token}\n`, { mode: 0o600 });
    options = [
      ...["--packet-endpoint", provider.endpoint, "--packet-ca-file", ca, "--packet-token-file", token],
      ...["--packet-plan", "c3.small.x86", "--packet-metro", "fr"],
    ];
  });
  afterAll(async () => {
    await user?.dispose();
    await machines?.close();
    await provider?.close();
  });

  it("starts a cluster on a new server, and says before what it will cost", async () => {
    const { stderr } = await start();
    expect(stderr).toContain("will cost 0.83 USD an hour (c3.small.x86 in fr, billed hourly)");
    expect(provider.room.devices.size).toBe(1);
    const { stdout } = await user.ok(["status", "-p", profile]);
    expect(stdout).toMatch(/machine {5}running/);
    expect(stdout).toMatch(/cost {8}0\.83 USD an hour .*; about 0\.\d\d USD since/);
  });

  it("runs a pod that resolves names", async () => {
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    await k("run", "probe", `--image=${busyboxRef}`, "--restart=Always", "--", "sleep", "3600");
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
    expect(await inPod("nslookup", "kubernetes.default.svc.cluster.local")).toContain("10.96.0.1");
  });

  const address = () => [...provider.room.devices.values()][0]?.address ?? "";
  const nodePort = async () => {
    await k("expose", "pod", "probe", "--name=web", "--port=80", "--type=NodePort");
    return Number(await k("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}"));
  };

  it("is closed to everybody but for SSH", async () => {
    expect(await machines.strangerReaches(address(), 22)).toBe(true);
    for (const port of [6443, 10_250, await nodePort()])
      expect(await machines.strangerReaches(address(), port), String(port)).toBe(false);
    await expect(connectTo(address(), 6443)).rejects.toThrow();
  });

  it("is stopped and started again with everything in it, and the token stays out of what is written", async () => {
    await user.ok(["stop", "-p", profile]);
    expect([...provider.room.devices.values()].map(({ state }) => state)).toEqual(["inactive"]);
    expect(machines.powerCuts, "its system was shut down before").toEqual([]);
    await start();
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
    expect(await inPod("nslookup", "kubernetes.default.svc.cluster.local")).toContain("10.96.0.1");
    expect(provider.room.devices.size).toBe(1);
    expect(await machines.strangerReaches(address(), 6443)).toBe(false);
    const argv = ["grep", "--recursive", "--fixed-strings", provider.token, `${user.home}/state`];
    expect(await runProgram(argv)).toMatchObject({ exitCode: 1, stdout: "" });
  });

  it("is deleted with its device and its key", async () => {
    await user.ok(["delete", "-p", profile]);
    await provider.room.settle();
    expect(provider.room.devices.size).toBe(0);
    expect(provider.room.keys.size).toBe(0);
    expect(await machines.traces()).toEqual([]);
    expect(await leftovers(user, profile)).toEqual([]);
  });

  it("admits the caller alone where the API is not reached through SSH", async () => {
    await start("--no-api-over-ssh", "--wait", "apiserver");
    const server = await k("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}");
    expect(server).toBe(`https://${address()}:6443`);
    expect(await k("get", "namespace", "default", "-o", "name")).toBe("namespace/default");
    expect(await machines.strangerReaches(address(), 6443)).toBe(false);
    await user.ok(["delete", "-p", profile]);
    await provider.room.settle();
    expect([provider.room.devices.size, provider.room.keys.size]).toEqual([0, 0]);
  });
});

/** Rejects when nobody answers within two seconds. */
async function connectTo(host: string, port: number): Promise<void> {
  const socket = connect({ host, port, timeout: 2000 });
  try {
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
