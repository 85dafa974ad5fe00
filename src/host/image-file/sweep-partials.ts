import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Removes what killed builds of that file left beside it. Only for the holder of the file's lock. */
export async function sweepPartials(file: string): Promise<void> {
  const folder = dirname(file);
  const names = await readdir(folder);
  const left = names.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith(".partial"));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
