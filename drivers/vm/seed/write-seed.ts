import type { MachineImage } from "../../../src/contract/driver.ts";
import { writeIso } from "../../../src/host/iso/write-iso.ts";
import { ignitionConfig } from "./ignition.ts";
import { noCloudFiles } from "./nocloud.ts";
import type { SeedInput } from "./seed-input.ts";

/** Writes what a disk's first boot reads, 0600: a NoCloud volume, or Ignition's JSON. Equal input gives an equal file. */
export async function writeSeed(
  file: string,
  input: SeedInput,
  kind: NonNullable<MachineImage["firstBoot"]>,
  signal: AbortSignal,
): Promise<void> {
  if (kind === "cloud-init")
    return writeIso(file, noCloudFiles(input), { label: "cidata", mode: 0o600, signal });
  signal.throwIfAborted();
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await writeFileAtomic(file, ignitionConfig(input), { mode: 0o600 });
}
