import { lstat, mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostContext } from "../contract/host.ts";
import { homePaths, privateDirectoryMode } from "./paths.ts";
import { writePrivateFile } from "./private-file.ts";

type Folders = Pick<HostContext, "stateDir" | "cacheDir">;

/** The state folder or the cache. Either may be a folder that holds other things too: LOCALKUBE_HOME may name any folder. */
export type FolderKind = "state" | "cache";

export interface Removal {
  /** Paths that were removed, folders as a whole. */
  readonly removed: readonly string[];
  /** Paths in the folder that stay, because localkube did not make them or cannot know that it did. */
  readonly kept: readonly string[];
}

/** Written before anything else is put into the folder; what has one of our names by then is somebody else's. */
interface Marker {
  readonly schema: 1;
  /** Nothing else was in the folder, so that it may go with its last entry. */
  readonly made: boolean;
  /** Entries with a name of ours that we did not make. */
  readonly others: readonly string[];
}

const markerName = ".localkube-folder.json";
const profile = "[a-z0-9][a-z0-9-]{0,39}";

/** Files and folders of one cluster, see `clusterPaths`. */
const clusterEntries = new Set(["cluster.json", "journal.jsonl", "pki", "ssh", "kubeconfig", "logs"]);
/** Anybody may keep a kubeconfig in a folder of a cluster's name; one of these is beside it in ours. */
const certainEntries = ["cluster.json", "journal.jsonl", "pki", "ssh", "logs"];

/** A folder of ours: which of its entries are ours by name, and what may be in it that is ours though it is no machine. */
interface OwnFolder {
  readonly kind: "folder";
  /** Names that we give to its entries. */
  readonly entries: RegExp;
  /** Whether an entry of such a name is really ours; without it the name is enough. */
  readonly isOurs?: (path: string) => Promise<boolean>;
}

interface OwnFile {
  readonly kind: "file";
  readonly isOurs: (content: Readonly<Record<string, unknown>>) => boolean;
}

/** Machines and hosts are their drivers' to remove; only the empty folder is ours. */
const driversFolder: OwnFolder = { kind: "folder", entries: /^$/ };

const onlyClusterEntries = async (path: string): Promise<boolean> => {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined || !names.every((name) => clusterEntries.has(name))) return false;
  return names.length === 0 || certainEntries.some((name) => names.includes(name));
};

/** Every entry that we ever put into the two folders, by name. */
const ownEntries: Readonly<Record<FolderKind, Readonly<Record<string, OwnFolder | OwnFile>>>> = {
  state: {
    clusters: {
      kind: "folder",
      entries: new RegExp(`^(?:${profile}|\\.${profile}\\.removed)$`),
      isOurs: onlyClusterEntries,
    },
    locks: { kind: "folder", entries: new RegExp(`^\\.?${profile}\\.(?:lock|json|takeover)$`) },
    machines: driversFolder,
    virtualbox: driversFolder,
    vmware: driversFolder,
    hosts: driversFolder,
    "config.json": {
      kind: "file",
      isOurs: ({ schema, settings }) => schema === 1 && typeof settings === "object",
    },
    "packet.json": {
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
    // What our own tests keep: images of the services and programs that stand for hardware.
    "test-images": { kind: "folder", entries: /./ },
    test: { kind: "folder", entries: /^virtualbox-/ },
  },
};

const pathOf = (host: Folders, kind: FolderKind): string =>
  kind === "state" ? homePaths(host).stateDir : homePaths(host).cacheDir;

/**
 * Marks the folder before the first thing is put into it, making it when it is not there. A folder that an earlier version filled, or
 * that is somebody else's, gets its mark with what is ours in it by then. Idempotent. Rejects with STATE_UNWRITABLE.
 */
export async function markFolder(host: Folders, kind: FolderKind): Promise<void> {
  const folder = pathOf(host, kind);
  if (await readMarker(folder)) return;
  const marker = await judge(folder, kind);
  await mkdir(folder, { recursive: true, mode: privateDirectoryMode }).catch(() => undefined); // the write tells why
  await writePrivateFile(join(folder, markerName), `${JSON.stringify(marker)}\n`);
}

/**
 * Removes from the folder what is ours by name and mark; the rest stays and is named. Links are never followed: one that has a name of
 * ours is somebody else's. The folder itself goes when it is empty then and nothing but ours was ever in it. `locks` and the mark stay
 * until `removeMark`, for they are in use until the end. Idempotent.
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
  // What is in both, when they are one folder, is told by the other.
  const both = await isSame(pathOf(host, "state"), pathOf(host, "cache"));
  const known = both ? { ...ownEntries.state, ...ownEntries.cache } : {};
  return { removed, kept: kept.filter((path) => !(path.slice(folder.length + 1) in known)) };
}

/** The end of `removeOwn`: lock files that nobody holds, the mark, and the folder when it is empty. Returns the folder when it went. */
export async function removeMark(host: Folders, kind: FolderKind): Promise<string | undefined> {
  const folder = pathOf(host, kind);
  const marker = (await readMarker(folder)) ?? (await judge(folder, kind));
  // Another localkube may hold a lock by now: then the folder is in use again and stays as it is.
  if (kind === "state" && !(await removeIfEmpty(homePaths(host).locks))) return undefined;
  await rm(join(folder, markerName), { force: true });
  return marker.made && (await removeIfEmpty(folder)) ? folder : undefined;
}

/** Ours are the entries that have a name of ours and look like it; of a cache also only where nothing else is, for its trees are deep. */
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
    // A driver's machines are known by the driver, and what is in a folder with a check of its own by that.
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

/** Empties a folder of what is ours, and removes it when nothing else was in it; returns what stays. */
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

/** True when it is gone. A link to a folder stays. */
const removeIfEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
