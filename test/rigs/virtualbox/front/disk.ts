import { mkdir, rm } from "node:fs/promises";
import { forget, keep, keptOf, mustReal, mustRun, placeOf, Refusal } from "./world.ts";

/** Sees to it that the overlay has the content of the registered disk. */
export async function flatten(id: string, disk: string): Promise<void> {
  const kept = keptOf(id);
  if (kept?.disk === disk) return;
  if (kept) throw new Refusal(`the front has the content of ${kept.disk}, but ${disk} is attached`);
  const { place, flat, base, overlay } = placeOf(id);
  await mkdir(place, { recursive: true });
  await rm(flat, { force: true });
  mustReal("clonemedium", "disk", disk, flat, "--format", "VDI");
  mustReal("closemedium", "disk", flat);
  // QEMU saves no memory beside a VDI, not even one that only stands behind what it writes.
  mustRun("qemu-img", "convert", "-O", "qcow2", flat, base);
  await rm(flat);
  mustRun("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", overlay);
  await keep(id, { disk, saved: false });
}

/** Writes the overlay's content into the registered disk; the overlay stays. Nothing to do when there is none. */
export async function writeBack(id: string): Promise<void> {
  const kept = keptOf(id);
  if (!kept) return;
  const { overlay, back } = placeOf(id);
  await rm(back, { force: true });
  mustRun("qemu-img", "convert", "-O", "vdi", overlay, back);
  mustReal("clonemedium", "disk", back, kept.disk, "--existing");
  mustReal("closemedium", "disk", back);
  await rm(back);
}

/** As `writeBack`, and the overlay goes: the registered disk has it all. */
export async function settle(id: string): Promise<void> {
  await writeBack(id);
  await forget(id);
}
