import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { MachineRef } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";

/** What this computer knows of a host before, while and after it is claimed; without it nobody could clean up after a create that was killed. */
export interface HostFile {
  readonly schema: 1;
  readonly ref: MachineRef;
  /** Against copies of one host under two names. */
  readonly machineId: string;
  readonly hostname: string;
}

type Folders = Pick<HostContext, "stateDir">;

const folder = ({ stateDir }: Folders): string => join(stateDir, "hosts");
const fileOf = (host: Folders, name: string): string => join(folder(host), `${name}.json`);

/** Private: it says how to get to the host, though no secret is in it. */
export async function writeHostFile(host: Folders, content: HostFile): Promise<void> {
  await mkdir(folder(host), { recursive: true, mode: 0o700 });
  await writeFileAtomic(fileOf(host, content.ref.name), `${JSON.stringify(content, null, 2)}\n`, {
    mode: 0o600,
  });
}

export async function readHostFile(host: Folders, name: string): Promise<HostFile | undefined> {
  const text = await readFile(fileOf(host, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as HostFile);
}

export const removeHostFile = (host: Folders, name: string): Promise<void> =>
  rm(fileOf(host, name), { force: true });

export async function hostFiles(host: Folders): Promise<readonly HostFile[]> {
  const entries = await readdir(folder(host)).catch((): string[] => []);
  const names = entries.flatMap((entry) => (entry.endsWith(".json") ? [entry.slice(0, -5)] : []));
  const files = await Promise.all(names.map((name) => readHostFile(host, name)));
  return files.filter((file) => file !== undefined);
}
