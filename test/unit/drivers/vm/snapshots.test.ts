import { expect, test } from "vitest";
import type { MachineSnapshot, MachineState } from "../../../../src/contract/driver.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { type KnownHardware, snapshotOps } from "../../../../drivers/vm/snapshots.ts";
import { recordingHost } from "../recording-host.ts";

const ref = {
  driver: "shed",
  name: "m",
  address: "",
  addressReachable: false,
  ports: { ssh: 1, api: 2 },
  data: {},
};
const { c } = recordingHost([]);
const has = { cpus: 2, memoryMiB: 2048, diskGiB: 20 };

/** A hypervisor with the snapshots `disk` and `memory`, which does what it is asked or rejects with `failure`. */
function shed(state: MachineState, had?: KnownHardware, failure?: Error) {
  const done: string[] = [];
  const snapshots: MachineSnapshot[] = ["disk", "memory"].map((name) => ({
    name,
    createdAt: "2026-01-02T03:04:05.000Z",
    memory: name === "memory",
    bytes: 0,
  }));
  const work = (what: string): Promise<void> => {
    done.push(what);
    return failure ? Promise.reject(failure) : Promise.resolve();
  };
  const ops = snapshotOps({
    driver: "shed",
    look: () => Promise.resolve({ state }),
    list: () => Promise.resolve(snapshots),
    names: () => Promise.resolve(["disk", "memory", "of-another-tool"]),
    take: (_, name) => work(`take ${name}`),
    hardware: () => Promise.resolve({ has, had }),
    restore: (_, { name }) => work(`restore ${name}`),
    remove: (_, { name }) => work(`remove ${name}`),
  });
  return { ops, done };
}

test("a name is taken once, also by a snapshot that is not ours, and not of suspended machines", async () => {
  const { ops, done } = shed("running");
  await ops.create(ref, "new", c);
  for (const name of ["disk", "of-another-tool"])
    await expect(ops.create(ref, name, c)).rejects.toMatchObject({ id: "DRIVER_SNAPSHOT_EXISTS" });
  expect(done).toEqual(["take new"]);
  await expect(shed("saved").ops.create(ref, "new", c)).rejects.toMatchObject({
    id: "DRIVER_SNAPSHOT_FAILED",
    output: "the machine is suspended: wake it first",
  });
});

test.each([
  ["the same", has, undefined],
  ["the same, as far as it is known", { cpus: 2, memoryMiB: 2048 }, undefined],
  ["other memory", { cpus: 2, memoryMiB: 1024 }, "2 CPUs and 1024 MiB"],
  ["another disk", { ...has, diskGiB: 10 }, "2 CPUs, 2048 MiB and a disk of 10 GiB"],
  ["unknown", undefined, "unknown hardware"],
])("memory returns only to the hardware it was taken from: %s", async (_what, had, words) => {
  const { ops, done } = shed("running", had);
  const restored = ops.restore(ref, "memory", c);
  if (words === undefined) await restored;
  else
    await expect(restored).rejects.toMatchObject({ id: "DRIVER_SNAPSHOT_DIFFERS", params: { had: words } });
  // A disk fits always.
  await ops.restore(ref, "disk", c);
  expect(done).toEqual([...(words === undefined ? ["restore memory"] : []), "restore disk"]);
});

test("a snapshot that is not there is unknown to restore, and nothing to remove", async () => {
  const { ops, done } = shed("stopped");
  await expect(ops.restore(ref, "none", c)).rejects.toMatchObject({ id: "DRIVER_SNAPSHOT_UNKNOWN" });
  await ops.remove(ref, "none", c);
  expect(done).toEqual([]);
});

test.each([
  [new Error("no space"), "DRIVER_SNAPSHOT_FAILED", "Error: no space"],
  [
    new LocalkubeError("HOST_COMMAND_FAILED", { command: "shedctl", exitCode: 1 }, { output: "door closed" }),
    "DRIVER_SNAPSHOT_FAILED",
    "door closed",
  ],
  [
    new LocalkubeError("DRIVER_PORT_TAKEN", { driver: "shed", name: "m", port: 1 }),
    "DRIVER_PORT_TAKEN",
    undefined,
  ],
])("%s is %s", async (failure, id, output) => {
  const { ops } = shed("stopped", has, failure);
  for (const work of [ops.create(ref, "new", c), ops.restore(ref, "memory", c), ops.remove(ref, "disk", c)])
    await expect(work).rejects.toMatchObject({ id, output });
});
