import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { LocalkubeError, messageOf } from "../contract/errors/localkube-error.ts";
import { writing } from "../contract/errors/system-failure.ts";
import type { EmitEvent, PipelineEvent } from "./events.ts";

const mostBytes = 1024 * 1024;

/**
 * Appends each event except progress to a JSON-lines file, synchronously: if the process is killed, what is in the file did happen.
 * It is read by `logs`, `--timeline` and people; no command bases decisions on it (steps check the actual state in `check`).
 */
export function journal(file: string): EmitEvent {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // One old journal is enough for looking back; a cluster that is started for years must not fill the disk.
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > mostBytes) renameSync(file, `${file}.1`);
  return (event) => {
    if (event.type === "step-progress") return;
    const line = `${JSON.stringify(plain(event))}\n`;
    writing(file, () => appendFileSync(file, line, { mode: 0o600 }));
  };
}

function plain(event: PipelineEvent): object {
  if (event.type !== "step-failed") return event;
  const { error } = event;
  const id = error instanceof LocalkubeError ? error.id : undefined;
  return { ...event, error: { id, message: messageOf(error) } };
}
