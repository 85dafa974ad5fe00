import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openQmp, type Qmp } from "../../../../drivers/qemu/qmp.ts";
import { runCommand } from "../../../../src/host/run-command.ts";
import type { Rig } from "./rig.ts";

/** What the stand-in keeps of a machine that runs: `run/<id>/`. */
export interface RunEntry {
  readonly vmx: string;
  readonly pid: number;
  readonly socket: string;
  readonly tap: string;
  readonly lock: string;
  readonly address: string;
}

export const entryFolder = (rig: Rig, vmx: string): string =>
  join(rig.root, "run", createHash("sha256").update(vmx).digest("hex").slice(0, 10));

/** Machines that run now. Of those that went off by themselves lock and network device are taken away, as VMware's process would at its end. */
export async function running(rig: Rig): Promise<readonly RunEntry[]> {
  const folder = join(rig.root, "run");
  mkdirSync(folder, { recursive: true });
  const entries = readdirSync(folder)
    .map((name) => join(folder, name, "entry.json"))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as RunEntry);
  const alive: RunEntry[] = [];
  for (const entry of entries) {
    if (isAlive(entry.pid)) alive.push(entry);
    else await forget(rig, entry);
  }
  return alive;
}

export const writeEntry = (rig: Rig, entry: RunEntry): void =>
  writeFileSync(join(entryFolder(rig, entry.vmx), "entry.json"), JSON.stringify(entry));

async function forget(rig: Rig, { vmx, tap, lock }: RunEntry): Promise<void> {
  await runCommand(["ip", "link", "del", tap], { allowFailure: true });
  rmSync(lock, { recursive: true, force: true });
  rmSync(entryFolder(rig, vmx), { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
  return command.includes("qemu-system") && command.includes("vmware");
}

export async function gone(rig: Rig, entry: RunEntry, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(entry.pid)) {
    if (performance.now() > deadline) return false;
    await sleep(100);
  }
  await forget(rig, entry);
  return true;
}

export async function withMonitor<T>(
  { socket }: RunEntry,
  work: (qmp: Qmp, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(600_000);
  const qmp = await openQmp(socket, signal);
  if (!qmp) throw new Error("Unknown error");
  try {
    return await work(qmp, signal);
  } finally {
    qmp.close();
  }
}

/** VMware's own log, which names what `vmrun` calls an unknown error. */
export const log = (vmx: string, text: string): void =>
  appendFileSync(join(dirname(vmx), "vmware.log"), `${new Date().toISOString()} In(05) vmx ${text}\n`);
