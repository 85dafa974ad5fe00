import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile } from "node:fs/promises";
import type { MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { convertedDisk } from "../vm/converted-disk.ts";
import { hostPath } from "./installation.ts";
import { parseBlocks } from "./output.ts";
import type { MachineFiles } from "./machine-file.ts";
import { vboxmanage } from "./vboxmanage.ts";

const copyMs = 300_000;

/**
 * Base and child of a new machine. Both get the requested size: VirtualBox cannot read a child beyond the end of its parent (7.2 answers
 * VERR_INVALID_PARAMETER). Rejects with DRIVER_DISK_SMALL before anything is attached.
 */
export async function makeDisks(
  { image, diskGiB }: Pick<MachineSpec, "image" | "diskGiB">,
  files: MachineFiles,
  c: RunContext,
): Promise<void> {
  const { host, signal } = c;
  const call = (...args: string[]): Promise<string> => vboxmanage(host, args, { signal, timeoutMs: copyMs });
  const source = await convertedDisk(image, "vdi", c);
  c.report({ message: "copying the disk image" });
  // Costs nothing where the file system shares blocks between files.
  await copyFile(source, files.base, constants.COPYFILE_FICLONE);
  await chmod(files.base, 0o600);
  signal.throwIfAborted();
  const base = await hostPath(files.base, host, signal);
  await call("internalcommands", "sethduuid", base, randomUUID());
  const child = await hostPath(files.disk, host, signal);
  await call("createmedium", "disk", "--filename", child, "--format", "VDI", "--diffparent", base);
  const has = await capacityMiB(child, c);
  if (has > diskGiB * 1024)
    throw new LocalkubeError("DRIVER_DISK_SMALL", { wanted: diskGiB, has: Math.ceil(has / 1024) });
  await growChain(child, diskGiB, c);
}

/** Grows every disk from the base down to `leaf` (file or UUID) to that size; those that have it already are left alone. */
export async function growChain(leaf: string, diskGiB: number, c: RunContext): Promise<void> {
  const chain: { readonly id: string; readonly mib: number }[] = [];
  for (let id = leaf; chain.length < longestChain;) {
    const medium = await mediumInfo(id, c);
    chain.unshift({ id: medium.get("UUID") ?? id, mib: mib(medium) });
    const parent = medium.get("Parent UUID") ?? "base";
    if (parent === "base" || parent === "") break;
    id = parent;
  }
  for (const { id, mib: has } of chain)
    if (has < diskGiB * 1024)
      await vboxmanage(c.host, ["modifymedium", "disk", id, "--resize", String(diskGiB * 1024)], {
        signal: c.signal,
        timeoutMs: copyMs,
      });
}

/** VirtualBox gives up at about this many. */
const longestChain = 300;

/** Size of a disk (file or UUID) as seen by the guest. */
export const capacityMiB = async (disk: string, c: RunContext): Promise<number> =>
  mib(await mediumInfo(disk, c));

const mib = (medium: ReadonlyMap<string, string>): number =>
  Number.parseInt(medium.get("Capacity") ?? "", 10);

async function mediumInfo(disk: string, c: RunContext): Promise<ReadonlyMap<string, string>> {
  const output = await vboxmanage(c.host, ["showmediuminfo", "disk", disk], { signal: c.signal });
  const [medium] = parseBlocks(output, "UUID");
  if (!medium || Number.isNaN(mib(medium)))
    throw new LocalkubeError(
      "HOST_COMMAND_FAILED",
      { command: `VBoxManage showmediuminfo disk ${disk}`, exitCode: 0 },
      { output },
    );
  return medium;
}
