import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { lastWords, whileUnitsRun } from "../../../../src/provision/units/while-units-run.ts";
import { machine, unitStates } from "../cluster/api-server.ts";

const waiting = (emulated = false) => ({ signal: AbortSignal.timeout(30_000), emulated });
/** Never done by itself. */
const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );

/** A machine on which a unit has been started again `restarts[n]` times at the nth look. */
function failing(unit: string, restarts: readonly number[], words = "its last words", state = "activating") {
  let look = 0;
  return machine(([program]) =>
    program === "systemctl"
      ? unitStates({
          etcd: { restarts: 0 },
          [unit]: { restarts: restarts[look++] ?? restarts.at(-1)!, state },
        })
      : `${words}\n`,
  );
}

test("a unit that keeps ending is named with its last words, within seconds", async () => {
  const begun = performance.now();
  await expect(
    whileUnitsRun(failing("kubelet", [0, 1, 3]), ["etcd", "kubelet"], waiting(), forever),
  ).rejects.toMatchObject({
    id: "NODE_UNIT_FAILING",
    message: "The node does not start: kubelet exited 3 times",
    output: "its last words",
  });
  expect(performance.now() - begun).toBeLessThan(8000);
}, 15_000);

test("a part of the control plane keeps its own error", async () => {
  await expect(
    whileUnitsRun(failing("kube-apiserver", [0, 4]), ["kube-apiserver"], waiting(), forever),
  ).rejects.toMatchObject({
    id: "CONTROL_PLANE_FAILING",
    output: "kube-apiserver ended 4 times\nits last words",
  });
});

test("what ended before the wait began does not count", async () => {
  const late = (ms: number) => () => new Promise<string>((resolve) => setTimeout(() => resolve("up"), ms));
  const work = whileUnitsRun(failing("etcd", [57, 57, 59]), ["etcd"], waiting(), late(4000));
  await expect(work).resolves.toBe("up");
}, 15_000);

test("a socket, of which systemd counts no restarts, is not taken for one that ended", async () => {
  const states =
    "NRestarts=0\nId=cri-docker.service\nActiveState=active\n\nId=cri-docker.socket\nActiveState=active\n";
  const guest = machine(() => states);
  const upSoon = (signal: AbortSignal) => sleep(1000, "up", { signal });
  await expect(whileUnitsRun(guest, ["cri-docker", "cri-docker.socket"], waiting(), upSoon)).resolves.toBe(
    "up",
  );
});

test("after a restart by hand systemd counts from nothing, and so do we", async () => {
  await expect(
    whileUnitsRun(failing("kubelet", [57, 3]), ["kubelet"], waiting(), forever),
  ).rejects.toMatchObject({ id: "NODE_UNIT_FAILING", message: expect.stringContaining("3 times") as string });
});

test("a unit that systemd has given up on is told at once", async () => {
  await expect(
    whileUnitsRun(failing("kube-proxy", [5], "cannot bind", "failed"), ["kube-proxy"], waiting(), forever),
  ).rejects.toMatchObject({ id: "NODE_UNIT_FAILING", output: "cannot bind" });
});

test("an emulated machine may take three attempts", async () => {
  const up = () => new Promise<string>((resolve) => setTimeout(() => resolve("up"), 4500));
  const slow = failing("kube-apiserver", [0, 3, 4]);
  await expect(whileUnitsRun(slow, ["kube-apiserver"], waiting(true), up)).resolves.toBe("up");
}, 15_000);

test("the work's own failure is handed on, and so is a look that fails", async () => {
  const broken = machine(() => Promise.reject(new Error("no connection")));
  const fail = () => Promise.reject(new Error("the work failed"));
  await expect(whileUnitsRun(broken, ["etcd"], waiting(), fail)).rejects.toThrow("the work failed");
  await expect(whileUnitsRun(broken, ["etcd"], waiting(), () => Promise.resolve(7))).resolves.toBe(7);
});

test("last words are the fatal line and what follows it, without the stacks", () => {
  const klog = [
    "Flag --x has been deprecated",
    "F1126 23:44:41.000000  1 server.go:157] unknown flag: --nonsense",
    "goroutine 1 [running]:",
    "k8s.io/kubernetes/vendor/k8s.io/klog/v2.stacks(0xc000010001)",
  ];
  expect(lastWords(klog.join("\n"))).toBe(klog[1]);
  const plain = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  expect(lastWords(plain.join("\n"))).toBe(plain.slice(-8).join("\n"));
});
