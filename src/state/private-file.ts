import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { chownCommand, giveToHomeOwner, isAboutRights } from "../host/home-owner.ts";
import { privateDirectoryMode, privateFileMode } from "./paths.ts";

/**
 * Replaces a file's content atomically (temporary file, fsync, rename) with mode 0600, creating missing folders with 0700. A reader sees
 * the old content or the new, also after a crash. What root creates in the home of the user it acts for belongs to that user. Rejects
 * with STATE_UNWRITABLE, whose cause says when the disk is full, or STATE_NOT_PERMITTED.
 */
export async function writePrivateFile(file: string, content: string | Uint8Array): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const folder = dirname(file);
  try {
    const made = await mkdir(folder, { recursive: true, mode: privateDirectoryMode });
    const data = typeof content === "string" ? content : Buffer.from(content);
    await writeFileAtomic(file, data, { mode: privateFileMode });
    await giveToHomeOwner([made ?? file], process.env);
  } catch (cause) {
    throw (
      notPermitted(file, cause) ??
      new LocalkubeError("STATE_UNWRITABLE", { file, folder, problem: (cause as Error).message }, { cause })
    );
  }
}

/** STATE_NOT_PERMITTED when a call failed because a part of the state belongs to another user (a command run as root created it). */
export function notPermitted(file: string, cause: unknown): LocalkubeError | undefined {
  const command = isAboutRights(cause) ? chownCommand(file, process.env) : undefined;
  return command === undefined
    ? undefined
    : new LocalkubeError("STATE_NOT_PERMITTED", { file, command }, { cause });
}
