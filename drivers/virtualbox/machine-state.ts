import { access, readFile } from "node:fs/promises";
import type { Driver, MachineState } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { poll } from "../../src/host/poll.ts";
import { listedMachines } from "../vm/machine-record.ts";
import { type MachineFile, machineFiles, machineNames, readMachine, readPlan } from "./machine-file.ts";
import { parseMachineReadable } from "./output.ts";
import { isInaccessible, isUnknownMachine, vboxmanage, wordsFrom } from "./vboxmanage.ts";

/**
 * Every `VMState` of `showvminfo --machinereadable` from 6.1 to 7.2 (MachineState in VirtualBox' API, spelled as in VBoxManageInfo.cpp). The
 * `snapshotting` states of a machine that is off are transitional: it is stopped but busy, so nothing may be done with it yet.
 */
export const machineStates: Readonly<Record<string, MachineState>> = {
  poweroff: "stopped",
  aborted: "stopped",
  // Its state was moved to another host and it is off here.
  teleported: "stopped",
  saved: "saved",
  // It was ended while waking up; the saved memory is still valid.
  "aborted-saved": "saved",
  running: "running",
  livesnapshotting: "running",
  onlinesnapshotting: "running",
  deletingsnapshotlive: "running",
  teleporting: "running",
  faulttolerantsyncing: "running",
  paused: "paused",
  deletingsnapshotlivepaused: "paused",
  teleportingpausedvm: "paused",
  starting: "starting",
  restoring: "starting",
  teleportingin: "starting",
  stopping: "stopping",
  saving: "stopping",
  settingup: "stopping",
  snapshotting: "stopping",
  "offline snapshotting": "stopping",
  restoringsnapshot: "stopping",
  deletingsnapshot: "stopping",
  gurumeditation: "broken",
  stuck: "broken",
  inaccessible: "broken",
};

const infoMs = 20_000;

export interface Look {
  readonly state: MachineState;
  /** VirtualBox' own name for the state, or what is wrong. */
  readonly said?: string;
  readonly machine?: MachineFile;
  /** All of `showvminfo`. */
  readonly info?: ReadonlyMap<string, string>;
}

/** What VirtualBox itself reports about the machine; a VBoxManage that fails or hangs gives a state of its own, never an outdated one. */
export async function look(name: string, c: RunContext): Promise<Look> {
  const machine = await readMachine(c.host, name);
  const id = (machine ?? (await readPlan(c.host, name)))?.id;
  if (id === undefined) return { state: "absent" };
  try {
    const info = await machineInfo(id, c);
    const said = info.get("VMState") ?? "no state";
    if (!machine) return { state: "broken", said: `its description is gone, VirtualBox says ${said}`, info };
    return { state: machineStates[said] ?? "unknown", said, info, machine };
  } catch (error) {
    c.signal.throwIfAborted();
    if (isUnknownMachine(error)) return unregistered(name, machine, c);
    return { ...silence(error), ...(machine ? { machine } : {}) };
  }
}

/** What is known about a machine that VirtualBox does not know; rejects when VirtualBox itself is missing. */
function silence(error: unknown): Pick<Look, "state" | "said"> {
  if (isInaccessible(error)) return { state: machineStates["inaccessible"]!, said: "inaccessible" };
  if (!(error instanceof LocalkubeError)) throw error;
  if (error.id === "HOST_COMMAND_TIMEOUT")
    return { state: "unknown", said: `VBoxManage does not answer within ${infoMs / 1000} s` };
  if (error.id !== "HOST_COMMAND_FAILED") throw error;
  return { state: "unknown", said: wordsFrom(error) };
}

export const listMachines: Driver["list"] = async (c) =>
  listedMachines(await machineNames(c.host), (name) => look(name, c));

/** Removed by somebody else. Perhaps only its registration is lost (a new VirtualBox.xml): then its disks still exist. */
async function unregistered(name: string, machine: MachineFile | undefined, c: RunContext): Promise<Look> {
  const { settings, base } = machineFiles(c.host, name);
  // Its child may be a different file by now: deleting a snapshot merges disks.
  if (!machine || !(await exists(settings)) || !(await exists(base))) return { state: "absent" };
  const said = `VirtualBox does not know it any more, its files are there; tell it: VBoxManage registervm ${settings}`;
  return { state: "broken", said, machine };
}

export const machineInfo = async (id: string, c: RunContext): Promise<ReadonlyMap<string, string>> => {
  const args = ["showvminfo", id, "--machinereadable"];
  return parseMachineReadable(
    await vboxmanage(c.host, args, { signal: c.signal, timeoutMs: infoMs, retries: 3 }),
  );
};

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Rejects with DRIVER_MACHINE_ABSENT or, for states that only a person should end, DRIVER_MACHINE_BROKEN. */
export function saneMachine(name: string, { state, machine, said }: Look): MachineFile {
  if (state === "broken" || state === "unknown")
    throw new LocalkubeError(
      "DRIVER_MACHINE_BROKEN",
      { driver: "virtualbox", name, state },
      { output: said ?? "" },
    );
  if (state === "absent" || !machine)
    throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver: "virtualbox", name });
  return machine;
}

const shownLines = 15;

export async function diagnose(name: string, c: RunContext): Promise<string> {
  const { state, said } = await look(name, c);
  const files = machineFiles(c.host, name);
  const parts = await Promise.all(
    (
      [
        ["its console", files.console],
        ["VirtualBox' log of it", files.log],
      ] as const
    ).map(async ([what, file]) => {
      const lines = await lastLines(file);
      return lines ? [`Last lines of ${what}:\n${lines}`] : [];
    }),
  );
  const first = `The VirtualBox machine ${name} is ${state}${said && said !== state ? ` (${said})` : ""}; its files: ${files.folder}`;
  return [first, ...parts.flat()].join("\n");
}

/** Up to 15 lines; empty when there is no such file. */
export const lastLines = async (file: string): Promise<string> =>
  (await readFile(file, "utf8").catch(() => "")).trimEnd().split(/\r?\n/).slice(-shownLines).join("\n");

const pauseMs = 500;

/** The first state that `done` accepts, or the last one seen when the time is up. */
export async function waitForState(
  name: string,
  done: (found: Look) => boolean,
  timeoutMs: number,
  c: RunContext,
): Promise<Look> {
  let found: Look | undefined;
  const isDone = async () => done((found = await look(name, c))) || undefined;
  await poll(isDone, { signal: c.signal, everyMs: pauseMs, limitMs: timeoutMs });
  return found ?? look(name, c);
}
