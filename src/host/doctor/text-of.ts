import { readFile } from "node:fs/promises";

/** Content of a file of /proc or /sys without its last line end; empty when it is not there or may not be read. */
export async function textOf(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(() => "")).trimEnd();
}
