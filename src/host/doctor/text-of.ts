import { readFile } from "node:fs/promises";

/** Content of a file in /proc or /sys without its final newline; empty when it does not exist or may not be read. */
export async function textOf(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(() => "")).trimEnd();
}
