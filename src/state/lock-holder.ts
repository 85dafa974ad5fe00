import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import process from "node:process";

/** The holder of a lock, written beside it. Process ids are reused, so the start time distinguishes two processes with the same id. */
export interface LockHolder {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat; empty where there is no /proc. */
  readonly startTime: string;
  readonly bootId: string;
  /** Process ids from another namespace (a container sharing the home folder) mean nothing here. */
  readonly pidNamespace: string;
  readonly hostname: string;
  /** `localkube start`; never with flag values, which may be secret. */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
}

/** This process as a lock holder. */
export async function currentHolder(command: string): Promise<LockHolder> {
  return {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? "",
    bootId: await bootId(),
    pidNamespace: await pidNamespace(),
    hostname: hostname(),
    command,
    since: new Date().toISOString(),
  };
}

/** `unknown` when the holder is on another machine or in another container, whose processes cannot be seen from here. */
export async function holderState(holder: LockHolder): Promise<"alive" | "dead" | "unknown"> {
  if (holder.hostname !== hostname()) return "unknown";
  if (holder.bootId !== (await bootId())) return "dead";
  if (holder.pidNamespace !== (await pidNamespace())) return "unknown";
  const startTime = await startTimeOf(holder.pid);
  if (startTime !== undefined) return startTime === holder.startTime ? "alive" : "dead";
  return signalReaches(holder.pid) ? "alive" : "dead";
}

/** The holder recorded in a file; undefined when there is none or it is half written. */
export async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    const holder = JSON.parse(await readFile(file, "utf8")) as LockHolder;
    return Number.isInteger(holder.pid) && typeof holder.hostname === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await textOf(`/proc/${pid}/stat`);
  // The program's name is in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const isZombie = fields[0] === "Z" || fields[0] === "X";
  return isZombie ? "ended" : fields[19];
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === "EPERM";
  }
}

const bootId = async () => (await textOf("/proc/sys/kernel/random/boot_id")).trim();
const pidNamespace = () => readlink("/proc/self/ns/pid").catch(() => "");
const textOf = (file: string) => readFile(file, "utf8").catch(() => "");
