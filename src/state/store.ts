import { lstat, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import { clusterRecordSchema, recordSchema, type ClusterRecord } from "./cluster-record.ts";
import { migrate } from "./migrations.ts";
import { clusterPaths, homePaths } from "./paths.ts";
import { notPermitted, writePrivateFile } from "./private-file.ts";
import { profileName } from "../spec/parse/profile-name.ts";

type Folders = Pick<HostContext, "stateDir" | "cacheDir">;

/** One profile as `profile list` and `delete --all` see it: the record, or why it cannot be read. */
export type ListedCluster =
  | { readonly name: string; readonly record: ClusterRecord }
  | { readonly name: string; readonly problem: LocalkubeError };

/**
 * The record of a cluster; undefined when there is none. Rejects with STATE_DAMAGED (empty, truncated, not JSON, wrong shape),
 * STATE_UNREADABLE (no permission, a failing disk) or STATE_TOO_NEW; the file is never written here, so nothing is lost.
 */
export async function loadCluster(host: Folders, name: string): Promise<ClusterRecord | undefined> {
  const file = clusterPaths(host, name).record;
  const damaged = damageOf(name, file);
  const text = await readIfThere(file, damaged);
  if (text === undefined) return undefined;
  const content = parseObject(text, damaged);
  const schema = content["schema"];
  if (typeof schema !== "number" || !Number.isInteger(schema)) throw damaged("it has no schema number");
  if (schema > recordSchema) throw new LocalkubeError("STATE_TOO_NEW", { file, schema, known: recordSchema });
  const parsed = v.safeParse(clusterRecordSchema, migrated(content, schema, damaged));
  if (!parsed.success) throw damaged(issueText(parsed.issues[0]));
  if (parsed.output.spec.name !== name)
    throw damaged(`it belongs to the profile '${parsed.output.spec.name}'`);
  return parsed.output;
}

/** Whether a record exists, readable or not. */
export const hasRecord = (host: Folders, name: string): Promise<boolean> =>
  lstat(clusterPaths(host, name).record).then(
    () => true,
    () => false,
  );

/**
 * What can be recovered from a damaged record: the driver of its machine and the kubeconfig it was merged into, as far as they are
 * still in the text. Both are only hints where to look.
 */
export async function hintsOfDamaged(
  host: Folders,
  name: string,
): Promise<{ readonly driver?: string; readonly userKubeconfig?: string }> {
  const text = await readFile(clusterPaths(host, name).record, "utf8").catch(() => "");
  // The record's own fields are indented by two spaces; the spec inside has a `driver` too, which may be `auto`.
  const field = (key: string): string | undefined => {
    const quoted = new RegExp(`^ {2}"${key}": ("(?:[^"\\\\]|\\\\.)*")`, "m").exec(text)?.[1];
    try {
      return quoted === undefined ? undefined : (JSON.parse(quoted) as string);
    } catch {
      return undefined;
    }
  };
  const [driver, userKubeconfig] = [field("driver"), field("userKubeconfig")];
  return {
    ...(driver === undefined ? {} : { driver }),
    ...(userKubeconfig === undefined ? {} : { userKubeconfig }),
  };
}

/**
 * Writes the record, replacing the former one atomically. Refuses, with the errors of `loadCluster`, to replace a file that
 * `loadCluster` could not read. The caller holds the profile's lock.
 */
export async function saveCluster(host: Folders, record: ClusterRecord): Promise<void> {
  await loadCluster(host, record.spec.name);
  const checked = v.parse(clusterRecordSchema, record);
  await writePrivateFile(
    clusterPaths(host, record.spec.name).record,
    `${JSON.stringify(checked, null, 2)}\n`,
  );
}

/**
 * Removes all of a cluster's files; succeeds when there are none or a killed call left half of them. The folder is renamed first, so that
 * a cluster exists completely or not at all. The caller holds the profile's lock.
 */
export async function removeCluster(host: Folders, name: string): Promise<void> {
  const { folder } = clusterPaths(host, name);
  const doomed = join(dirname(folder), `.${basename(folder)}.removed`);
  await rm(doomed, { recursive: true, force: true });
  await rename(folder, doomed).catch(ignoreMissing);
  await rm(doomed, { recursive: true, force: true });
}

/** All profiles by name; one that cannot be read is listed with its problem instead of hiding the others. */
export async function listClusters(host: Folders): Promise<readonly ListedCluster[]> {
  const { clusters } = homePaths(host);
  const entries = await readdir(clusters, { withFileTypes: true }).catch((problem: unknown) => {
    const own = notPermitted(clusters, problem);
    if (own) throw own;
    return ignoreMissing(problem);
  });
  const names = (entries ?? []).filter((entry) => entry.isDirectory() && isProfileName(entry.name));
  const listed = names.map(async ({ name }): Promise<ListedCluster | undefined> => {
    try {
      const record = await loadCluster(host, name);
      return record && { name, record };
    } catch (problem) {
      if (problem instanceof LocalkubeError) return { name, problem };
      throw problem;
    }
  });
  const found = (await Promise.all(listed)).filter((entry) => entry !== undefined);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readIfThere(file: string, damaged: Damaged): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "EISDIR") throw damaged("it is a folder", cause);
    const problem = (cause as Error).message;
    throw notPermitted(file, cause) ?? new LocalkubeError("STATE_UNREADABLE", { file, problem }, { cause });
  }
}

type Damaged = (problem: string, cause?: unknown) => LocalkubeError;

const damageOf =
  (name: string, file: string): Damaged =>
  (problem, cause) =>
    new LocalkubeError("STATE_DAMAGED", { name, file, problem }, { cause });

function parseObject(text: string, damaged: Damaged): Record<string, unknown> {
  if (text.trim() === "") throw damaged("it is empty");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw damaged(`it is not JSON (${(cause as Error).message})`, cause);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw damaged("it is not a JSON object");
  return content as Record<string, unknown>;
}

function migrated(content: Record<string, unknown>, schema: number, damaged: Damaged) {
  try {
    return migrate(content, schema, recordSchema);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? "the record"}: ${issue.message}`;
}

function isProfileName(name: string): boolean {
  try {
    return profileName(name) === name;
  } catch {
    return false;
  }
}

function ignoreMissing(problem: unknown): undefined {
  if ((problem as NodeJS.ErrnoException).code !== "ENOENT") throw problem;
}
