import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { assertFree } from "./assert-free.ts";

const convertMs = 1_200_000;
const mebibyte = 1024 * 1024;
/** The folder is in the cache. */
const variable = "XDG_CACHE_HOME";

interface DiskFile {
  readonly file: string;
  /** Name of the format in qemu-img. */
  readonly format: string;
  /** `-o` of `qemu-img convert`. */
  readonly options?: string;
}

/**
 * Converts a disk to another format, leaving holes out.
 * Rejects with IMAGE_NO_SPACE, before it begins if possible, or HOST_COMMAND_FAILED.
 */
export async function convertDisk(from: DiskFile, to: DiskFile, { host, signal }: RunContext): Promise<void> {
  const folder = dirname(to.file);
  const needed = await neededMiB(from, { host, signal });
  await assertFree(folder, needed, variable);
  const options = to.options === undefined ? [] : ["-o", to.options];
  const argv = ["qemu-img", "convert", "-f", from.format, "-O", to.format, ...options, from.file, to.file];
  await host.run(argv as [string, ...string[]], { signal, timeoutMs: convertMs }).catch((error: unknown) => {
    const isFull = error instanceof LocalkubeError && error.output?.includes("No space left on device");
    throw isFull
      ? new LocalkubeError("IMAGE_NO_SPACE", { folder, variable, needed }, { cause: error })
      : error;
  });
}

/** No format stores a system in less space. */
const densest = 4;

/**
 * The unpacked content of the disk, plus a tenth for the format's own tables and larger blocks. qemu-img finds no holes in some
 * formats; then the file's own size is the better estimate.
 */
async function neededMiB(
  { file, format }: DiskFile,
  { host, signal }: Pick<RunContext, "host" | "signal">,
): Promise<number> {
  const { stdout } = await host.run(
    ["qemu-img", "measure", "--output=json", "-f", format, "-O", "qcow2", file],
    { signal, timeoutMs: 60_000 },
  );
  const { required } = JSON.parse(stdout) as { required: number };
  const { blocks } = await stat(file);
  return Math.ceil((Math.min(required, blocks * 512 * densest) * 1.1) / mebibyte) + 1;
}
