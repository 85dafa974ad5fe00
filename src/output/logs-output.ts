import type { FileHandle } from "node:fs/promises";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { openUserFile } from "../host/user-file.ts";

/** Destination of logs, line by line. */
export interface LogsFile {
  write(line: string): void;
  /** Rejects with LOGS_FILE_UNWRITABLE when something could not be written. */
  close(): Promise<void>;
}

/**
 * Opens a file for logs, truncated, or a pipe or device. A new file is private to this user (0600): logs may contain what nobody else
 * should read; an existing file keeps its mode. Rejects with LOGS_FILE_UNWRITABLE.
 */
export async function logsFile(file: string): Promise<LogsFile> {
  const unwritable = (cause: unknown) =>
    new LocalkubeError("LOGS_FILE_UNWRITABLE", { file, problem: (cause as Error).message }, { cause });
  let handle: FileHandle;
  try {
    handle = await openUserFile(file, 0o600);
  } catch (cause) {
    throw unwritable(cause);
  }
  const stream = handle.createWriteStream();
  let problem: unknown;
  stream.on("error", (error) => (problem ??= error));
  return {
    write: (line) => void stream.write(`${line}\n`),
    close: async () => {
      await new Promise<void>((resolve) => {
        stream.once("close", () => resolve());
        stream.end();
      });
      if (problem !== undefined) throw unwritable(problem);
    },
  };
}
