import { open } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { installHint } from "./installation.ts";
import { vmware } from "./vmrun.ts";
import { VmwareError } from "./errors.ts";

const copyMs = 600_000;
const growMs = 300_000;
const sector = 512;
const headerBytes = 64 * 1024;

type Context = Pick<RunContext, "host" | "signal">;

/** Copies a VMDK into a single file that grows with what is written. */
export const copyDisk = (from: string, to: string, c: Context): Promise<void> =>
  diskManager(["-r", from, "-t", "0", to], copyMs, c);

/** For a machine that is off and has no snapshots: VMware refuses others. */
export const growDisk = (file: string, gib: number, c: Context): Promise<void> =>
  diskManager(["-x", `${gib}GB`, file], growMs, c);

/** Rejects with HOST_COMMAND_FAILED; VMware's tool prints its failures on standard output. */
async function diskManager(args: readonly string[], timeoutMs: number, c: Context): Promise<void> {
  const { diskManager: program } = await vmware(c);
  if (!program)
    throw new VmwareError("VMWARE_MISSING", {
      problem: "vmware-vdiskmanager is not there",
      fix: installHint(c.host.platform).fix,
    });
  const argv = [program, ...args] as const;
  // A half-grown disk is a damaged disk; an interrupted copy is simply made again.
  const settle = args[0] === "-x" ? { settleMs: timeoutMs } : {};
  const { stdout, stderr } = await c.host.run(argv, { signal: c.signal, timeoutMs, ...settle });
  const text = `${stdout}\n${stderr}`.trim();
  if (/^Failed to /m.test(text))
    throw new LocalkubeError(
      "HOST_COMMAND_FAILED",
      { command: argv.join(" "), exitCode: 0 },
      { output: text },
    );
}

/** Size as seen by the guest, in bytes, from the header of a sparse extent or from a descriptor's extents. */
export async function diskBytes(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    if (buffer.toString("latin1", 0, 4) === "KDMV") return Number(buffer.readBigUInt64LE(12)) * sector;
    const text = buffer.toString("latin1", 0, bytesRead);
    const sectors = [...text.matchAll(/^(?:RW|RDONLY) (\d+) /gm)].map(([, count]) => Number(count));
    if (sectors.length === 0) throw new Error(`${file} is no VMDK`);
    return sectors.reduce((sum, count) => sum + count, 0) * sector;
  } finally {
    await handle.close();
  }
}
