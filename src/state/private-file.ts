import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { privateDirectoryMode, privateFileMode } from "./paths.ts";

/**
 * Replaces a file's content in one move (temporary file, fsync, rename) with mode 0600, making missing folders with 0700. A reader sees
 * the old content or the new, also after a crash. Rejects with STATE_UNWRITABLE, whose cause says when the disk is full.
 */
export async function writePrivateFile(file: string, content: string | Uint8Array): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const folder = dirname(file);
  try {
    await mkdir(folder, { recursive: true, mode: privateDirectoryMode });
    const data = typeof content === "string" ? content : Buffer.from(content);
    await writeFileAtomic(file, data, { mode: privateFileMode });
  } catch (cause) {
    throw new LocalkubeError(
      "STATE_UNWRITABLE",
      { file, folder, problem: (cause as Error).message },
      { cause },
    );
  }
}
