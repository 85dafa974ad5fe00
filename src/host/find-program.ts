import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { HostContext } from "../contract/host.ts";

/** Where Debian installs administration tools, which is not in an ordinary user's PATH. */
const administrationFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Absolute path of a program on PATH or in the administration folders; undefined when it is not found. */
export async function findProgram(
  name: string,
  { env }: Pick<HostContext, "env">,
): Promise<string | undefined> {
  const onPath = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...onPath, ...administrationFolders]) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** The programs that are not installed, in the given order. */
export async function missingPrograms(
  programs: readonly string[],
  host: Pick<HostContext, "env">,
): Promise<readonly string[]> {
  const found = await Promise.all(programs.map((program) => findProgram(program, host)));
  return programs.filter((_, i) => found[i] === undefined);
}
