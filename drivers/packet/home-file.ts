import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import writeFileAtomic from "write-file-atomic";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { driverState } from "../../src/contract/driver-state.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { withLock } from "../../src/host/lock.ts";
import type { ApiAccess } from "./settings.ts";

/** A project of an API in which machines of this state folder exist or may exist. */
export interface KnownProject extends ApiAccess {
  readonly project: string;
}

const schema = v.object({
  schema: v.literal(1),
  id: v.string(),
  projects: v.array(
    v.object({
      endpoint: v.string(),
      tokenFile: v.exactOptional(v.string()),
      caFile: v.exactOptional(v.string()),
      project: v.string(),
    }),
  ),
});

/**
 * `packet.json` of the state folder: the folder's own id, which every device and key carries as a tag (paths are the same on many computers),
 * and where to look for them when no machine is on record, after a killed `create`.
 */
export interface HomeFile {
  readonly id: string;
  readonly projects: readonly KnownProject[];
}

type Host = Pick<HostContext, "stateDir">;
const homeFile = ({ stateDir }: Host): string => join(stateDir, driverState.packet);

/** Undefined when there is none. Rejects with STATE_UNREADABLE: without the id nobody can tell which machines belong to this folder. */
export async function readHome(host: Host): Promise<HomeFile | undefined> {
  const file = homeFile(host);
  try {
    return v.parse(schema, JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const problem = (error as Error).message;
    throw new LocalkubeError("STATE_UNREADABLE", { file, problem }, { cause: error });
  }
}

/** Records that project before anything is created in it; returns this state folder's id. Idempotent. */
export const rememberProject = (host: Host, known: KnownProject): Promise<string> =>
  changeHome(host, ({ id = randomUUID(), projects = [] }) => ({
    id,
    projects: [...projects.filter((other) => !same(other, known)), known],
  }));

/** Called once nothing of ours exists there any more: an API that is shut down later must not fail every search for leftovers. The id stays. */
export async function forgetProject(
  host: Host,
  known: Pick<KnownProject, "endpoint" | "project">,
): Promise<void> {
  if (!(await readHome(host))?.projects.some((other) => same(other, known))) return;
  await changeHome(host, ({ id = randomUUID(), projects = [] }) => ({
    id,
    projects: projects.filter((other) => !same(other, known)),
  }));
}

export const removeHome = (host: Host): Promise<void> => rm(homeFile(host), { force: true });

/** Longer than the lock of a dead holder remains valid. */
const longestWaitMs = 12_000;

type Key = Pick<KnownProject, "endpoint" | "project">;
const same = (a: Key, b: Key): boolean => a.endpoint === b.endpoint && a.project === b.project;

/** One writer at a time: two profiles may start at the same time. */
async function changeHome(host: Host, change: (home: Partial<HomeFile>) => HomeFile): Promise<string> {
  await mkdir(host.stateDir, { recursive: true, mode: 0o700 });
  const file = homeFile(host);
  const lock = {
    waitMs: longestWaitMs,
    pollMs: 200,
    busy: () =>
      new LocalkubeError("STATE_UNREADABLE", {
        file,
        problem: `${file}.lock stays locked by another localkube`,
      }),
  };
  return withLock(`${file}.lock`, lock, async () => {
    const home = change((await readHome(host)) ?? {});
    const text = `${JSON.stringify({ schema: 1, ...home }, undefined, 2)}\n`;
    await writeFileAtomic(file, text, { mode: 0o600 });
    return home.id;
  });
}
