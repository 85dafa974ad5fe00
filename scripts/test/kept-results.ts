import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A test file that ran whole, without a failed or a left out test. */
export interface KeptResult {
  readonly file: string;
  /** Of everything the outcome depends on. */
  readonly key: string;
  /** How many tests passed; at least one. */
  readonly tests: number;
  /** When it ran, as ISO 8601. */
  readonly at: string;
}

/** A result as old as that is no answer any more: what no key names moves on, too. */
const longestMs = 30 * 86_400_000;

/** One key for the file and everything it depends on; equal only when all of it is equal, order included. */
export const keyOf = (file: string, ...parts: readonly unknown[]): string =>
  createHash("sha256")
    .update(JSON.stringify([file, ...parts]))
    .digest("hex");

/** The result of that key, or nothing: when there is none, it is too old, or what is stored cannot be trusted. Never throws. */
export function keptResult(
  folder: string,
  file: string,
  key: string,
  now = Date.now(),
): KeptResult | undefined {
  try {
    const found = JSON.parse(readFileSync(join(folder, `${key}.json`), "utf8")) as Partial<KeptResult>;
    const { tests = 0, at = "" } = found;
    const age = now - Date.parse(at);
    if (found.file !== file || found.key !== key || !Number.isInteger(tests) || tests < 1) return undefined;
    return age >= 0 && age < longestMs ? { file, key, tests, at } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the result whole or not at all, and removes those that are too old to count. */
export function keepResult(folder: string, result: KeptResult, now = Date.now()): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.json(?:\.\d+)?$/.test(name))) {
    const modified = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - modified > longestMs) rmSync(join(folder, name), { force: true });
  }
  const file = join(folder, `${result.key}.json`);
  const part = `${file}.${process.pid}`;
  writeFileSync(part, `${JSON.stringify(result)}\n`);
  renameSync(part, file);
}
