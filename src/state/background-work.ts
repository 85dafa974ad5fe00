import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { HostContext } from "../contract/host.ts";
import { holderState, type LockHolder } from "./lock-holder.ts";
import { clusterPaths, privateDirectoryMode } from "./paths.ts";
import { writePrivateFile } from "./private-file.ts";

type Folders = Pick<HostContext, "stateDir" | "cacheDir">;

/** What a process of ours does for a cluster while no command of the user's waits for it. */
export const workKinds = ["service", "tunnel", "mount"] as const;
export type WorkKind = (typeof workKinds)[number];

const holder = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  startTime: v.string(),
  bootId: v.string(),
  pidNamespace: v.string(),
  hostname: v.string(),
  command: v.string(),
  since: v.string(),
});

const schema = v.object({
  kind: v.picklist(workKinds),
  /** Of its kind, the same for the same work: `default/web:80`. */
  id: v.string(),
  /** For people, as a clause: `http://127.0.0.1:8080 leads to the Service default/web`. */
  what: v.string(),
  holder,
  /** What the command said when the work had begun; also what its kind needs to clean up after a dead holder. No secrets. */
  detail: v.record(v.string(), v.unknown()),
});

export type BackgroundWork = Omit<v.InferOutput<typeof schema>, "holder"> & { readonly holder: LockHolder };

/** With what can be said of its process: see `holderState`. */
export interface FoundWork extends BackgroundWork {
  readonly state: "alive" | "dead" | "unknown";
}

/** One file each; its name is of letters that every file system takes, and of nothing that leads out of the folder. */
const fileOf = (host: Folders, name: string, { kind, id }: Pick<BackgroundWork, "kind" | "id">): string =>
  join(clusterPaths(host, name).background, `${kind}-${Buffer.from(id).toString("hex")}.json`);

/** All of a cluster, by kind and id; a half-written or foreign file is none of them. Read-only. */
export async function listWork(host: Folders, name: string): Promise<readonly FoundWork[]> {
  const { background } = clusterPaths(host, name);
  const files = (await readdir(background).catch(() => [])).filter((file) => file.endsWith(".json")).sort();
  const found: FoundWork[] = [];
  for (const file of files) {
    const parsed = v.safeParse(
      v.pipe(v.string(), v.parseJson(), schema),
      await readFile(join(background, file), "utf8").catch(() => ""),
    );
    if (parsed.success) found.push({ ...parsed.output, state: await holderState(parsed.output.holder) });
  }
  return found;
}

/** Written when the work has begun, by the process that does it. */
export async function saveWork(host: Folders, name: string, work: BackgroundWork): Promise<void> {
  await mkdir(clusterPaths(host, name).background, { recursive: true, mode: privateDirectoryMode });
  await writePrivateFile(fileOf(host, name, work), `${JSON.stringify(work)}\n`);
}

/** Only of that process: another one may have begun the same work since. Fine when there is none. */
export async function forgetWork(
  host: Folders,
  name: string,
  work: Pick<BackgroundWork, "kind" | "id" | "holder">,
): Promise<void> {
  const found = (await listWork(host, name)).find((one) => one.kind === work.kind && one.id === work.id);
  const isSame = found?.holder.pid === work.holder.pid && found.holder.startTime === work.holder.startTime;
  if (isSame) await rm(fileOf(host, name, work), { force: true });
}
