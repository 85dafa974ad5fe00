import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../../contract/host.ts";
import { biosSectors } from "./bios-sectors.ts";
import { diskMiB, layout, sector, sfdiskScript } from "./disk-layout.ts";
import type { DiskParts } from "./unpack-root.ts";

const mebibyte = 1024 * 1024;

/** Assembles the parts of a disk without loop devices or mounts; returns the qcow2. */
export async function assembleDisk(parts: DiskParts, folder: string, c: RunContext): Promise<string> {
  c.report({ message: "putting the disk together" });
  const raw = join(folder, "disk.raw");
  const disk = join(folder, "disk.qcow2");
  const file = await open(raw, "w");
  await file.truncate(diskMiB * mebibyte).finally(() => file.close());
  const options = { signal: c.signal, timeoutMs: 300_000 };
  await c.host.run(["sfdisk", "--quiet", raw], { ...options, stdin: sfdiskScript(parts.bios !== undefined) });
  for (const [from, start] of [
    [parts.esp, layout.esp.start],
    [parts.root, layout.root.start],
  ] as const) {
    const at = [
      `bs=${mebibyte}`,
      `seek=${(start * sector) / mebibyte}`,
      "conv=notrunc,sparse",
      "status=none",
    ];
    await c.host.run(["dd", `if=${from}`, `of=${raw}`, ...at], options);
    await rm(from);
  }
  if (parts.bios) await writeBios(parts.bios, raw);
  await c.host.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, disk], options);
  await rm(raw);
  return disk;
}

async function writeBios({ boot, core }: NonNullable<DiskParts["bios"]>, raw: string): Promise<void> {
  const sectors = biosSectors(await readFile(boot), await readFile(core), layout.bios.start);
  const file = await open(raw, "r+");
  try {
    await file.write(sectors.boot, 0, sectors.boot.length, 0);
    await file.write(sectors.core, 0, sectors.core.length, layout.bios.start * sector);
  } finally {
    await file.close();
  }
}
