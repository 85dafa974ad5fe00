import { lstat, mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { driverState, machineFolders } from "../contract/driver-state.ts";
import type { HostContext } from "../contract/host.ts";
import { homePaths, privateDirectoryMode } from "./paths.ts";
import { writePrivateFile } from "./private-file.ts";

type Folders = Pick<HostContext, "stateDir" | "cacheDir">;

/** The state folder or the cache. Either may be a folder that contains other things too: LOCALKUBE_HOME may name any folder. */
export type FolderKind = "state" | "cache";

export interface Removal {
  /** Removed paths; a whole folder is one path. */
  readonly removed: readonly string[];
  /** Paths in the folder that stay, because localkube did not create them or cannot know that it did. */
  readonly kept: readonly string[];
}

/** Written before anything else is put into the folder; entries that already have one of our names by then belong to someone else. */
interface Marker {
  readonly schema: 1;
  /** The folder was empty otherwise, so it may be removed with its last entry. */
  readonly made: boolean;
  /** Entries with one of our names that we did not create. */
  readonly others: readonly string[];
}

const markerName = ".localkube-folder.json";
const profile = "[a-z0-9][a-z0-9-]{0,39}";

/** Files and folders of one cluster, see `clusterPaths`. */
const clusterEntries = new Set([
  "cluster.json",
  "journal.jsonl",
  "pki",
  "ssh",
  "nodes",
  "kubeconfig",
  "logs",
]);
/** A user may keep a kubeconfig in a folder with a cluster's name; in our folders, one of these files is beside it. */
const certainEntries = ["cluster.json", "journal.jsonl", "pki", "ssh", "logs"];

/** A folder of ours: which of its entries are ours by name, and what else in it may be ours without being a machine. */
interface OwnFolder {
  readonly kind: "folder";
  /** Names that we give to its entries. */
  readonly entries: RegExp;
  /** Whether an entry with such a name is really ours; without this check the name is enough. */
  readonly isOurs?: (path: string) => Promise<boolean>;
}

interface OwnFile {
  readonly kind: "file";
  readonly isOurs: (content: Readonly<Record<string, unknown>>) => boolean;
}

/** Machines and hosts are removed by their drivers; only the empty folder is ours. */
const driversFolder: OwnFolder = { kind: "folder", entries: /^$/ };

const onlyClusterEntries = async (path: string): Promise<boolean> => {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined || !names.every((name) => clusterEntries.has(name))) return false;
  return names.length === 0 || certainEntries.some((name) => names.includes(name));
};

/** Every entry that we ever create in the two folders, by name. */
const ownEntries: Readonly<Record<FolderKind, Readonly<Record<string, OwnFolder | OwnFile>>>> = {
  state: {
    clusters: {
      kind: "folder",
      entries: new RegExp(`^(?:${profile}|\\.${profile}\\.removed)$`),
      isOurs: onlyClusterEntries,
    },
    locks: { kind: "folder", entries: new RegExp(`^\\.?${profile}\\.(?:lock|json|takeover)$`) },
    // Not `installed`: what the user installed with npm stays.
    ...Object.fromEntries([...machineFolders, driverState.ssh].map((name) => [name, driversFolder])),
    "config.json": {
      kind: "file",
      isOurs: ({ schema, settings }) => schema === 1 && typeof settings === "object",
    },
    [driverState.packet]: {
      kind: "file",
      isOurs: ({ schema, projects }) => schema === 1 && Array.isArray(projects),
    },
  },
  cache: {
    artifacts: { kind: "folder", entries: /^(?:debian|[^/]+\.[^/]+|localhost.*)$/ },
    build: { kind: "folder", entries: /^[0-9a-f]+-[0-9a-f]+(?:-(?:amd64|arm64)\.(?:log|lock))?$/ },
    images: { kind: "folder", entries: /^\.?(?:machine|disk|own|sha\d+)[-.]/ },
    tmp: { kind: "folder", entries: /./ },
    qemu: { kind: "folder", entries: /^probe-/ },
    volumes: { kind: "folder", entries: /^\.?artifacts-/ },
    "compile-cache": { kind: "folder", entries: /^v\d+\./ },
    // Kept by our own tests: images of the services and programs that stand in for hardware.
    "test-images": { kind: "folder", entries: /./ },
    test: { kind: "folder", entries: /^virtualbox-/ },
  },
};

const pathOf = (host: Folders, kind: FolderKind): string =>
  kind === "state" ? homePaths(host).stateDir : homePaths(host).cacheDir;

/**
 * Marks the folder before anything is put into it, creating it when missing. The mark of a folder that was filled by an earlier version,
 * or that belongs to someone else, records which of its entries count as ours at that time. Idempotent. Rejects with STATE_UNWRITABLE.
 */
export async function markFolder(host: Folders, kind: FolderKind): Promise<void> {
  const folder = pathOf(host, kind);
  if (await readMarker(folder)) return;
  const marker = await judge(folder, kind);
  await mkdir(folder, { recursive: true, mode: privateDirectoryMode }).catch(() => undefined); // the write reports the reason
  await writePrivateFile(join(folder, markerName), `${JSON.stringify(marker)}\n`);
}

/**
 * Removes from the folder what is ours by name and mark; the rest stays and is listed. Links are never followed: a link with one of
 * our names belongs to someone else. The folder itself is removed when it is then empty and only ever contained our entries. `locks` and
 * the mark stay until `removeMark`, because they are in use until the end. Idempotent.
 */
export async function removeOwn(host: Folders, kind: FolderKind): Promise<Removal> {
  const folder = pathOf(host, kind);
  const { others } = (await readMarker(folder)) ?? (await judge(folder, kind));
  const removed: string[] = [];
  const kept: string[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const own = ownEntries[kind][name];
    if (name === markerName || (kind === "state" && name === "locks")) continue;
    if (!own || others.includes(name) || !(await isPlain(path, own.kind))) kept.push(path);
    else if (own.kind === "file") await rm(path).then(() => removed.push(path));
    else {
      const stays = await empty(path, own);
      if (stays.length > 0) kept.push(...stays);
      else removed.push(path);
    }
  }
  // When both are the same folder, the entries of the other role are handled there.
  const both = await isSame(pathOf(host, "state"), pathOf(host, "cache"));
  const known = both ? { ...ownEntries.state, ...ownEntries.cache } : {};
  return { removed, kept: kept.filter((path) => !(path.slice(folder.length + 1) in known)) };
}

/**
 * The end of `removeOwn`: removes lock files without a holder, the mark, and the folder when it is empty.
 * Returns the folder when it was removed.
 */
export async function removeMark(host: Folders, kind: FolderKind): Promise<string | undefined> {
  const folder = pathOf(host, kind);
  const marker = (await readMarker(folder)) ?? (await judge(folder, kind));
  // Another localkube may hold a lock by now: then the folder is in use again and is left unchanged.
  if (kind === "state" && !(await removeIfEmpty(homePaths(host).locks))) return undefined;
  await rm(join(folder, markerName), { force: true });
  return marker.made && (await removeIfEmpty(folder)) ? folder : undefined;
}

/**
 * Entries are ours if they have one of our names and look like it; in the cache only if the folder contains nothing else as well, because
 * its trees are too deep to check.
 */
async function judge(folder: string, kind: FolderKind): Promise<Marker> {
  const names = await namesIn(folder);
  const own = ownEntries[kind];
  const looks = new Map<string, boolean>();
  for (const name of names) {
    const entry = own[name];
    if (entry) looks.set(name, await looksOurs(join(folder, name), entry));
  }
  const made = names.every((name) => name === markerName || looks.get(name) === true);
  const others = [...looks].flatMap(([name, isOurs]) => (isOurs && (kind === "state" || made) ? [] : [name]));
  return { schema: 1, made, others };
}

async function looksOurs(path: string, own: OwnFolder | OwnFile): Promise<boolean> {
  if (!(await isPlain(path, own.kind))) return false;
  if (own.kind === "folder") {
    // A driver's machines are recognised by the driver, and entries in a folder with its own check by that check.
    if (own === driversFolder || own.isOurs) return true;
    const names = await readdir(path).catch(() => undefined);
    return names !== undefined && names.every((name) => own.entries.test(name));
  }
  try {
    const content = JSON.parse(await readFile(path, "utf8")) as unknown;
    return typeof content === "object" && content !== null && own.isOurs(content as Record<string, unknown>);
  } catch {
    return false;
  }
}

/** Removes what is ours from a folder, and the folder when nothing else was in it; returns what stays. */
async function empty(folder: string, { entries, isOurs }: OwnFolder): Promise<readonly string[]> {
  const stays: string[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (entries.test(name) && (isOurs === undefined || (await isOurs(path))))
      await rm(path, { recursive: true, force: true });
    else stays.push(path);
  }
  if (stays.length === 0) await rmdir(folder);
  return stays;
}

async function readMarker(folder: string): Promise<Marker | undefined> {
  try {
    const marker = JSON.parse(await readFile(join(folder, markerName), "utf8")) as Partial<Marker>;
    return marker.schema === 1 && Array.isArray(marker.others) && typeof marker.made === "boolean"
      ? (marker as Marker)
      : undefined;
  } catch {
    return undefined;
  }
}

const namesIn = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });

async function isPlain(path: string, kind: "file" | "folder"): Promise<boolean> {
  const facts = await lstat(path);
  return kind === "file" ? facts.isFile() : facts.isDirectory();
}

async function isSame(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => lstat(path).catch(() => undefined)));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** True when it was removed. A link to a folder stays. */
const removeIfEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
