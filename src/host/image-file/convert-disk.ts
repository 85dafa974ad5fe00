import { dirname } from "node:path";
import type { RunContext } from "../../contract/host.ts";
import { assertFree } from "./assert-free.ts";

const convertMs = 1_200_000;
const mebibyte = 1024 * 1024;

interface DiskFile {
  readonly file: string;
  /** As qemu-img calls it. */
  readonly format: string;
  /** `-o` of `qemu-img convert`. */
  readonly options?: string;
}

/** Copies a disk into another format, holes left out. Rejects with IMAGE_NO_SPACE before it begins, or HOST_COMMAND_FAILED. */
export async function convertDisk(from: DiskFile, to: DiskFile, { host, signal }: RunContext): Promise<void> {
  await assertFree(dirname(to.file), await neededMiB(from, { host, signal }), "XDG_CACHE_HOME");
  const options = to.options === undefined ? [] : ["-o", to.options];
  await host.run(
    ["qemu-img", "convert", "-f", from.format, "-O", to.format, ...options, from.file, to.file],
    { signal, timeoutMs: convertMs },
  );
}

/** What the disk holds once it is unpacked, and a tenth for the format's own tables and its larger blocks. */
async function neededMiB(
  { file, format }: DiskFile,
  { host, signal }: Pick<RunContext, "host" | "signal">,
): Promise<number> {
  const { stdout } = await host.run(
    ["qemu-img", "measure", "--output=json", "-f", format, "-O", "raw", file],
    { signal, timeoutMs: 60_000 },
  );
  const { required } = JSON.parse(stdout) as { required: number };
  return Math.ceil((required * 1.1) / mebibyte) + 1;
}
