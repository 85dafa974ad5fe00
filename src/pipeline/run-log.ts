import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { writing } from "../contract/errors/system-failure.ts";

/** A fresh log of one run, 0600, written line by line with timestamps, so that it is complete up to the moment of a kill. */
export function runLog(file: string): (line: string) => void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, "", { mode: 0o600 });
  return (line) => writing(file, () => appendFileSync(file, `${new Date().toISOString()} ${line}\n`));
}
