import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { driverState } from "../../src/contract/driver-state.ts";
import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";

/** What this computer knows about a host before, while and after it is claimed; without it nobody could clean up after a killed create. */
export interface HostFile {
  readonly schema: 1;
  readonly ref: MachineRef;
  /** To detect copies of one host under two names. */
  readonly machineId: string;
  readonly hostname: string;
}

type Folders = Pick<HostContext, "stateDir">;

const folder = ({ stateDir }: Folders): string => join(stateDir, driverState.ssh);
const fileOf = (host: Folders, name: string): string => join(folder(host), `${name}.json`);

/** Private: it says how to reach the host, though it contains no secret. */
export async function writeHostFile(host: Folders, content: HostFile): Promise<void> {
  await mkdir(folder(host), { recursive: true, mode: 0o700 });
  await writeFileAtomic(fileOf(host, content.ref.name), `${JSON.stringify(content, null, 2)}\n`, {
    mode: 0o600,
  });
}

/** Undefined when there is none. Rejects with STATE_UNREADABLE. */
export async function readHostFile(host: Folders, name: string): Promise<HostFile | undefined> {
  const file = fileOf(host, name);
  try {
    const content = JSON.parse(await readFile(file, "utf8")) as HostFile;
    if (typeof content?.ref?.name === "string") return content;
    throw new Error("it does not say which host it is about");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const problem = (error as Error).message;
    throw new LocalkubeError("STATE_UNREADABLE", { file, problem }, { cause: error });
  }
}

export const removeHostFile = (host: Folders, name: string): Promise<void> =>
  rm(fileOf(host, name), { force: true });

/** Names of all machines that have a file on this computer, readable or not. */
export async function hostNames(host: Folders): Promise<readonly string[]> {
  const entries = await readdir(folder(host)).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.endsWith(".json") ? [entry.slice(0, -5)] : []));
}

/** What is known about all hosts. Rejects with STATE_UNREADABLE: which hosts are taken must be known before another one is. */
export async function hostFiles(host: Folders): Promise<readonly HostFile[]> {
  const files = await Promise.all((await hostNames(host)).map((name) => readHostFile(host, name)));
  return files.filter((file) => file !== undefined);
}
