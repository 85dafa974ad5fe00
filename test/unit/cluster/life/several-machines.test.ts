import { beforeEach, expect, test, vi } from "vitest";
import { deleteCluster } from "../../../../src/cluster/start/delete.ts";
import { createSnapshot, deleteSnapshot, listSnapshots } from "../../../../src/cluster/life/snapshots.ts";
import { stop } from "../../../../src/cluster/life/stop.ts";
import { resume, suspend } from "../../../../src/cluster/life/suspend.ts";
import { machineStates } from "../../../../src/cluster/look/machine-states.ts";
import { status } from "../../../../src/cluster/look/status.ts";
import type { UseCaseContext } from "../../../../src/cluster/access/use-case.ts";
import type { MachineRef, MachineState } from "../../../../src/contract/driver.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { loadCluster, saveCluster } from "../../../../src/state/store.ts";
import { contextOf, recordOfThree, temporaryHost } from "../several-nodes.ts";

/** What the driver of the test was asked to do, in order: `save worker2`. */
let calls: string[];
let states: Record<string, MachineState>;
let snapshots: Record<string, readonly string[]>;
let failing: string | undefined;
let context: UseCaseContext;

const short = ({ name }: { readonly name: string }): string => name.replace(/^localkube-(demo\.)?/, "");
const does = (verb: string, then?: MachineState) => (machine: MachineRef) => {
  const call = `${verb} ${short(machine)}`;
  if (call === failing)
    throw new LocalkubeError("DRIVER_SNAPSHOT_FAILED", { what: "x", name: "x", problem: "x" });
  calls.push(call);
  if (then) states[short(machine)] = then;
  return Promise.resolve();
};

vi.mock("../../../../src/machine/driver-registry.ts", async (original) => ({
  ...(await original()),
  probeDrivers: () => Promise.resolve([]),
  loadDriver: () =>
    Promise.resolve({
      name: "podman",
      capabilities: { powerButton: true, answerMs: 100 },
      open: () => ({
        state: (machine: MachineRef) => Promise.resolve(states[short(machine)] ?? "unknown"),
        diagnose: (machine: MachineRef) => Promise.resolve(`it is ${short(machine)}`),
        stop: does("stop", "stopped"),
        remove: does("remove"),
        suspend: { save: does("save", "saved"), discard: does("discard", "stopped") },
        snapshots: {
          create: does("snapshot"),
          remove: does("forget"),
          list: (machine: MachineRef) =>
            Promise.resolve(
              (snapshots[short(machine)] ?? []).map((name) => ({
                name,
                createdAt: "2026-11-20T02:14:32.028Z",
                memory: short(machine) !== "worker1",
                bytes: 10,
              })),
            ),
        },
      }),
    }),
}));

beforeEach(async () => {
  calls = [];
  failing = undefined;
  snapshots = {};
  states = { demo: "paused", worker1: "paused", worker2: "paused" };
  const host = await temporaryHost();
  context = contextOf(host);
  await saveCluster(host, recordOfThree());
});

test("stop powers off the workers first, and a machine that is off is left to the driver", async () => {
  states["worker1"] = "stopped";
  expect(await stop("demo", 1, context)).toEqual({ name: "demo", stopped: true });
  expect(calls).toEqual(["stop worker2", "stop worker1", "stop demo"]);
  expect((await loadCluster(context.host, "demo"))?.phase).toBe("stopped");
  expect((await stop("demo", 1, context)).stopped).toBe(false);
});

test("suspend saves all machines or, when one of them is off, none", async () => {
  states["worker1"] = "stopped";
  await expect(suspend("demo", context)).rejects.toMatchObject({
    id: "CLUSTER_NOT_RUNNING",
    message: expect.stringContaining("localkube-demo.worker1 is stopped") as string,
  });
  expect(calls).toEqual([]);
  states["worker1"] = "paused";
  expect(await suspend("demo", context)).toMatchObject({ suspended: true });
  expect(await suspend("demo", context)).toMatchObject({ suspended: false });
  expect(await resume("demo", true, context)).toMatchObject({ resumed: false });
  expect(calls).toEqual([
    ...["save worker2", "save worker1", "save demo"],
    ...["discard worker2", "discard worker1", "discard demo"],
  ]);
});

test("a snapshot is one of all machines, or there is none", async () => {
  expect(await createSnapshot("demo", "one", context)).toMatchObject({ snapshot: "one", running: false });
  await deleteSnapshot("demo", "one", context);
  failing = "snapshot demo";
  await expect(createSnapshot("demo", "two", context)).rejects.toMatchObject({
    id: "DRIVER_SNAPSHOT_FAILED",
  });
  expect(calls).toEqual([
    ...["snapshot worker2", "snapshot worker1", "snapshot demo"],
    ...["forget worker2", "forget worker1", "forget demo"],
    ...["snapshot worker2", "snapshot worker1", "forget worker2", "forget worker1"],
  ]);
  snapshots = { demo: ["a", "b"], worker1: ["b", "a"], worker2: ["b"] };
  const { snapshots: listed } = await listSnapshots("demo", context);
  expect(listed).toEqual([{ name: "b", createdAt: "2026-11-20T02:14:32.028Z", memory: false, bytes: 30 }]);
});

test("status and lists name each node with the state of its machine", async () => {
  states = { demo: "stopped", worker1: "running", worker2: "broken" };
  expect(await machineStates([recordOfThree(), recordOfThree(false)], context)).toEqual([
    ["stopped", "running", "broken"],
    ["absent", "absent", "absent"],
  ]);
  const result = await status("demo", context);
  expect(result).toMatchObject({ machine: "stopped", api: "unreachable", node: "unknown", exitCode: 7 });
  expect(result.diagnosis).toBe("it is worker2");
  expect(result.nodes).toEqual([
    { name: "demo", role: "control-plane", machine: "stopped", node: "unknown", address: "10.89.0.2" },
    { name: "worker1", role: "worker", machine: "running", node: "unknown", address: "10.89.0.3" },
    { name: "worker2", role: "worker", machine: "broken", node: "unknown", address: "10.89.0.4" },
  ]);
});

test("delete removes every machine, that of the first node last, and the files of all nodes", async () => {
  expect(await deleteCluster("demo", context)).toEqual({ name: "demo", existed: true });
  expect(calls).toEqual(["remove worker2", "remove worker1", "remove demo"]);
  expect(await loadCluster(context.host, "demo")).toBeUndefined();
});
