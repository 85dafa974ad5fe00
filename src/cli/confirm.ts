import process from "node:process";
import { createInterface } from "node:readline/promises";

/** Asks on the terminal. Without a terminal the answer is no, unless `yes` was given. */
export async function confirm(question: string, yes: boolean, signal: AbortSignal): Promise<boolean> {
  if (yes) {
    process.stderr.write(`${question} yes (--yes)\n`);
    return true;
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}
