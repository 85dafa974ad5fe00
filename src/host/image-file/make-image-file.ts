import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { withLock } from "../lock.ts";
import { isWhole, recordImage } from "./image-record.ts";

const longestWaitMs = 1_200_000;

/**
 * Creates a large file in the cache once: a second localkube waits for the first one's, a damaged file is recreated, and a killed attempt
 * leaves nothing that the next one would use. `make` gets a path of its own, where it creates a file or a folder, and returns the finished
 * file, which is there or inside it; that file gets the name `file`. `make` also gives the files of
 * `beside` their names; if one of them is missing or damaged later, everything is made again. Rejects with IMAGE_BUILD_BUSY or what `make` rejects with.
 */
export async function makeImageFile(
  file: string,
  c: RunContext,
  make: (partial: string, c: RunContext) => Promise<string>,
  beside: readonly string[] = [],
): Promise<void> {
  if (await isWhole(file, beside)) return;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lock = {
    signal: c.signal,
    waitMs: longestWaitMs,
    pollMs: 500,
    onWait: () => c.report({ message: "waiting for another localkube that builds the machine image" }),
    busy: () => new LocalkubeError("IMAGE_BUILD_BUSY", { minutes: longestWaitMs / 60_000 }),
  };
  await withLock(`${file}.lock`, lock, async (signal) => {
    const locked = { ...c, signal };
    if (await isWhole(file, beside)) return;
    await sweepPartials(file);
    // A unique name: the tool of a killed localkube may still be writing to the earlier one.
    const partial = `${file}.${process.pid}.partial`;
    try {
      const made = await make(partial, locked);
      const digest = await recordImage(made, file, locked, beside);
      locked.log(`${file}: sha256 ${digest}`);
      await rename(made, file);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
}

/** Removes what killed builds of that file left beside it. Only for the holder of the file's lock. */
async function sweepPartials(file: string): Promise<void> {
  const folder = dirname(file);
  const names = await readdir(folder);
  const left = names.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith(".partial"));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
