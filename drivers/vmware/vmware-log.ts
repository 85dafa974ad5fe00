import { readFile } from "node:fs/promises";
import type { MachineFiles } from "./machine-folder.ts";

const lineCount = 40;

/** Last lines of vmware.log without its list of settings: they contain the seed, and the seed contains the host key. */
export async function logTail({ log }: MachineFiles): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/\bDICT\b|guestinfo/i.test(line))
    .slice(-lineCount)
    .join("\n");
}
