import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { failedCalls } from "../../../../src/cluster/runtime/check.ts";
import type { ExecResult, Transport } from "../../../../src/contract/transport.ts";
import { type CheckedCall, type CheckPlace, isNeeded } from "../../../../src/runtimes/cri/check/calls.ts";
import { checkCri } from "../../../../src/runtimes/cri/check/check.ts";
import { checkLabels, checkRepository, removeRemains } from "../../../../src/runtimes/cri/check/remains.ts";
import { connectCri, type Cri } from "../../../../src/runtimes/cri/client.ts";
import { criApis, kubeletApis } from "../../../../src/runtimes/cri/messages.ts";
import { type FakeCri, fakeCri, localSockets } from "./fake-cri.ts";

const folder = mkdtempSync(join(tmpdir(), "localkube-cri-test-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const ref = `127.0.0.1:40000/${checkRepository}:1`;
const image = { ref, program: { path: "/probe", prints: "printed", exitCode: 7 } };
const podUid = "11111111-2222-3333-4444-555555555555";
const logs = `/var/log/pods/kube-system_localkube-runtime-check_${podUid}`;

let servers: FakeCri[];
let connections: Cri[];
beforeEach(() => {
  servers = [];
  connections = [];
});
afterEach(async () => {
  for (const cri of connections) await cri.close();
  for (const server of servers) server.close();
});

async function node(api: "v1" | "v1alpha2" = "v1") {
  const server = await fakeCri(join(folder, `${Math.random()}.sock`), api);
  const cri = await connectCri(localSockets, `unix://${server.path}`);
  servers.push(server);
  connections.push(cri);
  return { server, cri, guest: guestOf(server) };
}

/** A guest with one log, which the container writes when it starts and the server when it opens it again. */
function guestOf(server: FakeCri) {
  const ran: string[][] = [];
  const state = { isLink: false, prints: true };
  const exec = (argv: readonly string[]): Promise<ExecResult> => {
    ran.push([...argv]);
    const reopened = server.asked.includes("ReopenContainerLog");
    const holds: Record<string, boolean> = {
      grep: state.prints && server.asked.includes("StartContainer"),
      test: argv[1] === "-L" ? state.isLink : reopened || state.isLink,
    };
    const exitCode = (holds[argv[0]!] ?? true) ? 0 : 1;
    return Promise.resolve({ exitCode, stdout: "", stderr: "" });
  };
  return { ran, state, transport: { exec } as Pick<Transport, "exec"> };
}

const check = (
  { cri, guest }: Awaited<ReturnType<typeof node>>,
  changed: Partial<CheckPlace> = {},
): Promise<readonly CheckedCall[]> =>
  checkCri({
    cri,
    transport: guest.transport,
    minor: 36,
    cgroupDriver: "systemd",
    podUid,
    image,
    signal: new AbortController().signal,
    ...changed,
  });
const row = (calls: readonly CheckedCall[], call: string) => calls.find((one) => one.call === call);
const namesOf = (calls: readonly CheckedCall[]) => failedCalls({ calls }).map(({ call }) => call);
const never = new AbortController().signal;

describe("a check of a runtime that does all", () => {
  it("is all ok, in order, and leaves nothing", async () => {
    const one = await node();
    const reported: string[] = [];
    const calls = await check(one, { report: (call) => void reported.push(call) });
    expect(calls.filter(({ result }) => result !== "ok")).toEqual([]);
    expect(reported).toEqual(calls.map(({ call }) => call));
    expect(reported).toEqual([
      ...["Version", "Status", "RuntimeConfig", "ImageFsInfo"],
      ...["ImageStatus (absent)", "PullImage", "ImageStatus", "ListImages"],
      ...["RunPodSandbox", "PodSandboxStatus", "ListPodSandbox", "PortForward"],
      ...["CreateContainer", "StartContainer", "ContainerStatus", "ListContainers"],
      ...["container log", "ReopenContainerLog", "ExecSync", "Exec", "Attach", "UpdateContainerResources"],
      ...["ContainerStats", "ListContainerStats", "PodSandboxStats", "ListPodSandboxStats"],
      ...["StopContainer", "StopContainer (again)", "RemoveContainer", "RemoveContainer (again)"],
      ...["StopPodSandbox", "StopPodSandbox (again)", "RemovePodSandbox", "RemovePodSandbox (again)"],
      ...["RemoveImage", "RemoveImage (again)"],
    ]);
    expect([one.server.sandboxes.size, one.server.containers.size, one.server.images.size]).toEqual([
      0, 0, 0,
    ]);
    expect(one.guest.ran).toContainEqual(["mkdir", "-p", logs]);
  });

  it("puts its sandbox where the kubelet has the pod's, by either cgroup driver", async () => {
    for (const [cgroupDriver, parent] of [
      [
        "systemd",
        "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod11111111_2222_3333_4444_555555555555.slice",
      ],
      ["cgroupfs", `/kubepods/besteffort/pod${podUid}`],
    ] as const) {
      const one = await node();
      one.server.instead.set("RemovePodSandbox", { error: "stays" });
      await check(one, { cgroupDriver });
      const [sandbox] = [...one.server.sandboxes.values()];
      expect(sandbox).toMatchObject({ cgroupParent: parent, labels: checkLabels });
    }
  });

  it("needs the API that the minor's kubelet speaks", async () => {
    expect([20, 22, 23, 25, 26, 37].map(kubeletApis)).toEqual([
      ["v1alpha2"],
      ["v1alpha2"],
      ["v1", "v1alpha2"],
      ["v1", "v1alpha2"],
      ["v1"],
      ["v1"],
    ]);
    const old = await node("v1alpha2");
    const calls = await check(old, { minor: 26 });
    expect(row(calls, "Version")).toMatchObject({
      result: "failed",
      problem: "it speaks v1alpha2, and the kubelet of Kubernetes 1.26 only v1",
    });
    expect(namesOf(calls)).toEqual(["Version"]);
    expect(namesOf(await check(old, { minor: 25 }))).toEqual([]);
  });

  it("asks in the API of the kubelet where the server speaks more", async () => {
    const server = await fakeCri(join(folder, "both.sock"), ...criApis);
    servers.push(server);
    const apiFor = async (minor: number) => {
      const apis = [...new Set([...kubeletApis(minor), ...criApis])];
      const cri = await connectCri(localSockets, server.path, { apis });
      connections.push(cri);
      return cri.api;
    };
    expect([await apiFor(22), await apiFor(23), await apiFor(26)]).toEqual(["v1alpha2", "v1", "v1"]);
  });
});

describe("a check of a runtime with faults", () => {
  it("tells what is not implemented from what the kubelet misses", async () => {
    const one = await node();
    for (const call of [
      "RuntimeConfig",
      "PodSandboxStats",
      "ListPodSandboxStats",
      "ContainerStats",
      "Attach",
    ])
      one.server.instead.set(call, "unimplemented");
    const calls = await check(one);
    expect(row(calls, "RuntimeConfig")).toMatchObject({ result: "unimplemented", needed: false });
    expect(row(calls, "Attach")).toMatchObject({ result: "unimplemented", needed: true });
    expect(namesOf(calls)).toEqual(["Attach"]);
  });

  it("needs by minor what its kubelet calls", () => {
    const needed = (call: string) => [20, 32, 33, 37, 38].map((minor) => isNeeded(call, minor));
    expect(needed("ExecSync")).toEqual([true, true, true, true, true]);
    expect(needed("UpdateContainerResources")).toEqual([false, false, true, true, true]);
    expect(needed("RuntimeConfig")).toEqual([false, false, false, false, true]);
    expect(needed("ListPodSandboxStats")).toEqual([false, false, false, false, false]);
  });

  it("tells the server's status and words, and does not try what depends on it", async () => {
    const one = await node();
    one.server.instead.set("StartContainer", { error: "exec format error" });
    const calls = await check(one);
    expect(row(calls, "StartContainer")).toMatchObject({
      result: "failed",
      status: "INTERNAL",
      problem: "exec format error",
    });
    expect(row(calls, "ExecSync")).toMatchObject({
      result: "not tried",
      problem: "StartContainer did not succeed",
    });
    expect(row(calls, "RemoveContainer")).toMatchObject({ result: "ok" });
    expect(row(calls, "RemovePodSandbox")).toMatchObject({ result: "ok" });
    expect(namesOf(calls)).toContain("StartContainer");
  });

  it.each([
    ["Status", { status: { conditions: [{ type: "RuntimeReady", status: true }] } }, "NetworkReady is not"],
    ["ImageStatus", { image: { id: "sha256:1", repoTags: ["other"] } }, "not there"],
    ["PodSandboxStatus", { status: { state: 1 } }, "SANDBOX_NOTREADY"],
    ["ListPodSandbox", { items: [] }, "not listed"],
    ["ExecSync", { stdout: Buffer.from("hello"), exitCode: 0 }, "0 instead of 7"],
    ["ExecSync", { stdout: Buffer.from("other"), exitCode: 7 }, "'other' instead of 'hello'"],
    ["Exec", { url: "" }, "no URL"],
    ["ListContainerStats", { stats: [] }, "no statistics"],
    ["ContainerStatus", { status: { state: 2, exitCode: 137 } }, "CONTAINER_EXITED"],
  ])("does not take a wrong answer of %s for right", async (call, answer, problem) => {
    const one = await node();
    one.server.instead.set(call, answer);
    const calls = await check(one);
    const failed = calls.find((found) => found.call.startsWith(call) && found.result === "failed");
    expect(failed?.problem).toContain(problem);
    expect(failed).not.toHaveProperty("status");
    expect(namesOf(calls)).toContain(failed?.call);
  });

  it("finds a program that SIGTERM did not reach", async () => {
    const one = await node();
    one.server.instead.set("ContainerStatus", { status: { state: 2, exitCode: 137 } });
    expect(row(await check(one), "StopContainer")?.problem).toContain("exit code is 137");
  });

  it("makes no container where no image can be pulled, and says why", async () => {
    const one = await node();
    const problem = "not possible here: refused";
    const calls = await check(one, { image: { ...image, problem } });
    expect(row(calls, "PullImage")).toMatchObject({ result: "not tried", problem });
    expect(row(calls, "CreateContainer")).toMatchObject({ result: "not tried" });
    expect(row(calls, "RemovePodSandbox")).toMatchObject({ result: "ok" });
    expect(namesOf(calls)).toContain("PullImage");
    expect(one.server.asked).not.toContain("PullImage");
  });

  it("does not miss the rotation of logs where the runtime does that itself", async () => {
    const one = await node();
    one.guest.state.isLink = true;
    one.server.instead.set("ReopenContainerLog", { error: "docker does not support reopening" });
    const calls = await check(one);
    expect(row(calls, "ReopenContainerLog")).toMatchObject({ result: "failed", needed: false });
    expect(namesOf(calls)).toEqual([]);
    expect(one.guest.ran.some(([program]) => program === "mv")).toBe(false);
  });
});

describe("what a check made", () => {
  it("is removed after an abort in any of its calls", async () => {
    for (const call of ["PullImage", "StartContainer", "ExecSync", "StopPodSandbox"]) {
      const one = await node();
      const reason = new Error("Ctrl-C");
      const control = new AbortController();
      one.server.instead.set(call, "hang");
      const report = (next: string): void => {
        if (next === call) setTimeout(() => control.abort(reason), 50);
      };
      await expect(check(one, { signal: control.signal, report })).rejects.toBe(reason);
      one.server.instead.delete(call);
      await removeRemains(one.cri, one.guest.transport, never);
      const { sandboxes, containers, images } = one.server;
      expect([call, sandboxes.size, containers.size, images.size]).toEqual([call, 0, 0, 0]);
    }
  });

  it("is told from what others made", async () => {
    const one = await node();
    one.server.sandboxes.set("theirs", { id: "theirs", labels: { app: "x" }, cgroupParent: "" });
    one.server.containers.set("c", { id: "c", labels: { app: "x" }, sandbox: "theirs", state: "running" });
    for (const name of ["docker.io/localkube/runtime-check:1", "127.0.0.1:5000/team/web:1", ref])
      one.server.images.add(name);
    await removeRemains(one.cri, one.guest.transport, never);
    expect([...one.server.sandboxes.keys(), ...one.server.containers.keys()]).toEqual(["theirs", "c"]);
    expect(one.server.containers.get("c")?.state).toBe("running");
    expect([...one.server.images]).toEqual([
      "docker.io/localkube/runtime-check:1",
      "127.0.0.1:5000/team/web:1",
    ]);
    expect(one.guest.ran.at(-1)?.at(-1)).toBe(logs.replace(podUid, ""));
  });

  it("goes as far as it can when one of it cannot be removed, which is told", async () => {
    const one = await node();
    const labels = checkLabels;
    one.server.sandboxes.set("s", { id: "s", labels, cgroupParent: "" });
    one.server.containers.set("c", { id: "c", labels, sandbox: "s", state: "running" });
    one.server.images.add(ref);
    one.server.instead.set("RemoveContainer", { error: "busy" });
    await expect(removeRemains(one.cri, one.guest.transport, never)).rejects.toMatchObject({
      id: "CRI_CALL_FAILED",
      params: { status: "INTERNAL" },
      message: expect.stringContaining("busy") as string,
    });
    expect([one.server.sandboxes.size, one.server.images.size]).toEqual([0, 0]);
    one.server.instead.clear();
    await removeRemains(one.cri, one.guest.transport, never);
    expect(one.server.containers.size).toBe(0);
  });
});
