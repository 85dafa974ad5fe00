import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMachineReadable } from "../../../../drivers/virtualbox/output.ts";

/** The rig's folder, which the wrapper gives as the first argument. */
export const folder = process.argv[2] ?? "";

export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What VirtualBox would answer; printed as its own errors are, exit code 1. */
export class Refusal extends Error {}

/** Asks the real VBoxManage; its warning of the missing module is left out, for with this front it does not miss. */
export function real(...args: readonly string[]): Said {
  const { status, stdout, stderr } = run(join(folder, "real", "VBoxManage"), args);
  return { exitCode: status, stderr, stdout: stdout.replace(/^WARNING:[\s\S]*?problem is fixed\.\n/, "") };
}

/** As `real`; rejects with what it says when it fails. */
export function mustReal(...args: readonly string[]): string {
  const said = real(...args);
  if (said.exitCode === 0) return said.stdout;
  throw new Refusal(said.stderr.trim().replace(/^VBoxManage: error: /, ""));
}

export function mustRun(program: string, ...args: readonly string[]): void {
  const { status, stderr } = run(program, args);
  if (status !== 0) throw new Refusal(`the front's ${program} ${args.join(" ")}: ${stderr.trim()}`);
}

function run(program: string, args: readonly string[]): { status: number; stdout: string; stderr: string } {
  // Without the rig's lock (descriptor 9), which QEMU and VirtualBox' service would keep for as long as they run.
  const { status, stdout, stderr, error } = spawnSync("sh", ["-c", 'exec "$0" "$@" 9>&-', program, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error) throw error;
  return { status: status ?? 1, stdout, stderr };
}

export const infoOf = (id: string): ReadonlyMap<string, string> =>
  parseMachineReadable(mustReal("showvminfo", id, "--machinereadable"));

/** Disk that the machine writes. */
export const diskOf = (info: ReadonlyMap<string, string>): string => info.get("SATA-ImageUUID-0-0") ?? "";

/** What the front keeps of one machine. */
export interface Kept {
  /** UUID of the registered disk whose content the overlay has. */
  readonly disk: string;
  /** The overlay holds memory too, to go on from. */
  readonly saved: boolean;
}

export const placeOf = (id: string) => {
  const place = join(folder, "run", id);
  return {
    place,
    kept: join(place, "kept.json"),
    flat: join(place, "flat.vdi"),
    base: join(place, "base.qcow2"),
    overlay: join(place, "run.qcow2"),
    back: join(place, "back.vdi"),
    pid: join(place, "qemu.pid"),
    socket: join(place, "qmp.sock"),
    memory: (snapshot: string): string => join(place, "memory", snapshot),
  };
};

export function keptOf(id: string): Kept | undefined {
  const { kept } = placeOf(id);
  return existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as Kept) : undefined;
}

export async function keep(id: string, kept: Kept): Promise<void> {
  await mkdir(placeOf(id).place, { recursive: true });
  await writeFile(placeOf(id).kept, JSON.stringify(kept));
}

export async function forget(id: string): Promise<void> {
  const { kept, base, overlay } = placeOf(id);
  for (const file of [kept, overlay, base]) await rm(file, { force: true });
}
