import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { withLock } from "../lock.ts";
import { builtAt, type BuiltImage, isWhole, recordImage } from "./image-record.ts";

const longestWaitMs = 1_200_000;

export interface ImageFileOptions {
  /** Files that belong to it, by their final path; if one of them is missing or damaged later, everything is made again. */
  readonly beside?: readonly string[];
  /** Make it although it exists; the present one stays in use until the new one is complete. */
  readonly again?: boolean;
  /** Digest of the file it is converted from: when that has changed, it is made again. */
  readonly from?: string | undefined;
}

/**
 * Creates a large file in the cache once: a second localkube waits for the first one's, a damaged file is recreated, and a killed attempt
 * leaves nothing that the next one would use. `make` gets a path of its own, where it creates a file or a folder, and returns what it has
 * finished, there or inside it; only then do the files get their final names. Who has opened or linked the earlier ones keeps them.
 * Rejects with IMAGE_BUILD_BUSY or what `make` rejects with.
 */
export async function makeImageFile(
  file: string,
  c: RunContext,
  make: (partial: string, c: RunContext) => Promise<string | BuiltImage>,
  { beside = [], again = false, from }: ImageFileOptions = {},
): Promise<void> {
  const requestedAt = Date.now();
  // One that somebody else finished since this call began is as new as ours would be.
  const isThere = async (): Promise<boolean> =>
    (!again || ((await builtAt(file)) ?? 0) >= requestedAt) && (await isWhole(file, beside, from));
  if (await isThere()) return;
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
    if (await isThere()) return;
    await sweepPartials(file);
    // A unique name: the tool of a killed localkube may still be writing to the earlier one.
    const partial = `${file}.${process.pid}.partial`;
    try {
      const made = await make(partial, locked);
      const built: BuiltImage = typeof made === "string" ? { file: made } : made;
      const digest = await recordImage(built, file, locked, from);
      locked.log(`${file}: sha256 ${digest}`);
      for (const [name, other] of Object.entries(built.beside ?? {})) await rename(other, name);
      // Last: whoever sees it finds what belongs to it.
      await rename(built.file, file);
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
