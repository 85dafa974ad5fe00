import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { parseVmx, serializeVmx, type Vmx, withValues } from "./vmx-text.ts";

/** Undefined when there is none. */
export async function readVmx(file: string): Promise<Vmx | undefined> {
  try {
    return parseVmx(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** 0600: it contains the seed, and the seed contains the host key. */
export const writeVmx = (file: string, vmx: Vmx): Promise<void> =>
  writeFileAtomic(file, serializeVmx(vmx), { mode: 0o600 });

/** Only while the machine is off: VMware keeps a running one's settings in its memory and writes them back. */
export async function editVmx(
  file: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const vmx = await readVmx(file);
  if (vmx) await writeVmx(file, withValues(vmx, changes));
}
