import { readFile, stat } from "node:fs/promises";
import type { MachineState } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type MachineFile, type MachineFiles, machineFiles, readMachine } from "./machine-file.ts";
import { qemuProcess } from "./qemu-process.ts";
import { openQmp, type Qmp } from "./qmp.ts";

/** Every RunState of QEMU's qapi/run-state.json. */
const states: Readonly<Record<string, MachineState>> = {
  running: "running",
  "save-vm": "running",
  "finish-migrate": "running",
  paused: "paused",
  debug: "paused",
  suspended: "paused",
  postmigrate: "paused",
  colo: "running",
  // The host's disk was full or failed: the guest's write is pending, and `start` retries it.
  "io-error": "paused",
  prelaunch: "starting",
  inmigrate: "starting",
  "restore-vm": "starting",
  shutdown: "stopping",
  "internal-error": "broken",
  watchdog: "broken",
  "guest-panicked": "broken",
};

export interface Look {
  readonly state: MachineState;
  /** QEMU's own name for the state. */
  readonly said?: string;
  readonly machine?: MachineFile;
  readonly pid?: number;
}

/** The actual state: folder, process, and what that process answers. */
export async function look(name: string, c: RunContext): Promise<Look> {
  const files = machineFiles(c.host, name);
  const machine = await readMachine(c.host, name);
  const pid = await qemuProcess(c.host, files);
  if (!machine)
    return pid === undefined
      ? { state: "absent" }
      : { state: "broken", pid, said: "its description is gone" };
  if (!(await exists(files.disk)))
    return { state: "broken", machine, said: `its disk ${files.disk} is gone` };
  if (pid === undefined) return { state: machine.saved ? "saved" : "stopped", machine };
  try {
    const said = await withQmp(
      name,
      c,
      async (qmp) => (await qmp.execute<{ status: string }>("query-status")).status,
    );
    return { state: states[said] ?? "unknown", said, machine, pid };
  } catch (error) {
    c.signal.throwIfAborted();
    // It may have ended while we asked.
    if ((await qemuProcess(c.host, files)) === undefined)
      return { state: machine.saved ? "saved" : "stopped", machine };
    return {
      state: "broken",
      machine,
      pid,
      said: `process ${pid} does not answer: ${(error as Error).message}`,
    };
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Runs `work` on the monitor of a machine whose process exists; rejects with Error when nobody listens. */
export async function withQmp<T>(name: string, c: RunContext, work: (qmp: Qmp) => Promise<T>): Promise<T> {
  const { socket } = machineFiles(c.host, name);
  const qmp = await openQmp(socket, c.signal);
  if (!qmp) throw new Error(`nobody listens at ${socket}`);
  try {
    return await work(qmp);
  } finally {
    qmp.close();
  }
}

/** Rejects with DRIVER_MACHINE_ABSENT or, for states that only a person should end, DRIVER_MACHINE_BROKEN. */
export function saneMachine(name: string, { state, machine, said }: Look): MachineFile {
  if (state === "absent") throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver: "qemu", name });
  if (state === "broken" || state === "unknown" || !machine)
    throw new LocalkubeError(
      "DRIVER_MACHINE_BROKEN",
      { driver: "qemu", name, state },
      { output: said ?? "" },
    );
  return machine;
}

const consoleLines = 15;

export async function diagnose(name: string, c: RunContext): Promise<string> {
  const { state, said, pid } = await look(name, c);
  const files = machineFiles(c.host, name);
  const lines = await lastLines(files);
  return [
    `The QEMU machine ${name} is ${state}${said ? ` (${said})` : ""}${pid === undefined ? "" : `, process ${pid}`}; its files: ${files.folder}`,
    ...(lines ? [`Last lines of its console:\n${lines}`] : []),
  ].join("\n");
}

const lastLines = async ({ console: file }: MachineFiles): Promise<string> =>
  (await readFile(file, "utf8").catch(() => "")).trimEnd().split(/\r?\n/).slice(-consoleLines).join("\n");
