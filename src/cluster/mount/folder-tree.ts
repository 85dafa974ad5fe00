import { lstat, readdir, readlink, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/** A file, folder or link of a folder, by its path below that with `/`. */
export interface TreeEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Bytes; 0 for what is no file. */
  readonly size: number;
  /** Whole seconds. */
  readonly modified: number;
  /** Permissions without set-ID bits. */
  readonly mode: number;
  /** Of a link: what it says, relative. */
  readonly target: string;
}

/** What of a path is copied: nothing for a link that leads out, unless links are followed, nor for sockets, pipes and devices, nor for what is gone. Read-only. */
export async function entryAt(
  root: string,
  path: string,
  followsLinks: boolean,
): Promise<TreeEntry | "leads-out" | undefined> {
  const place = join(root, path);
  const own = await lstat(place).catch(() => undefined);
  if (!own) return undefined;
  const modified = Math.floor(own.mtimeMs / 1000);
  if (own.isSymbolicLink()) {
    const inside = await linkInside(root, place);
    if (inside !== undefined)
      return { path, type: "symlink", size: 0, modified, mode: 0o777, target: inside };
    if (!followsLinks) return "leads-out";
  }
  const found = own.isSymbolicLink() ? await stat(place).catch(() => undefined) : own;
  if (!found || (!found.isFile() && !found.isDirectory())) return undefined;
  const type = found.isFile() ? "file" : "directory";
  return {
    ...{ path, type, target: "" },
    size: type === "file" ? found.size : 0,
    modified: Math.floor(found.mtimeMs / 1000),
    mode: found.mode & 0o1777,
  };
}

/** What a link says, relative to its folder; undefined when it leads out of the root. */
async function linkInside(root: string, place: string): Promise<string | undefined> {
  const text = await readlink(place);
  const lexical = resolve(dirname(place), text);
  const real = await realpath(place).catch(() => lexical);
  if (!isInside(root, real) || (!isAbsolute(text) && !isInside(root, lexical))) return undefined;
  return isAbsolute(text) ? relative(dirname(place), real) || "." : text;
}

const isInside = (root: string, path: string): boolean => path === root || path.startsWith(root + sep);

export interface Tree {
  /** Folders before what is in them. */
  readonly entries: readonly TreeEntry[];
  /** Links that lead out. */
  readonly skipped: readonly string[];
}

/** Everything below a path of the root, itself included unless it is the root. `root` is a real path. Read-only. */
export async function readTree(root: string, path: string, followsLinks: boolean): Promise<Tree> {
  const entries: TreeEntry[] = [];
  const skipped: string[] = [];
  /** Against links that lead to a folder they are in. */
  const visit = async (at: string, above: ReadonlySet<string>): Promise<void> => {
    const entry = at === "" ? undefined : await entryAt(root, at, followsLinks);
    if (entry === "leads-out") return void skipped.push(at);
    if (entry) entries.push(entry);
    if (at !== "" && entry?.type !== "directory") return;
    const real = await realpath(join(root, at)).catch(() => undefined);
    if (real === undefined || above.has(real)) return;
    const names = await readdir(real).catch(() => []);
    for (const name of names.sort())
      await visit(at === "" ? name : `${at}/${name}`, new Set([...above, real]));
  };
  await visit(path, new Set());
  return { entries, skipped };
}

/** Whether the machine has it already, as far as size, time and mode tell. Pure. */
export const isSameEntry = (one: TreeEntry, other: TreeEntry | undefined): boolean =>
  other?.type === one.type &&
  (one.type === "symlink"
    ? one.target === other.target
    : one.mode === other.mode &&
      (one.type === "directory" || (one.size === other.size && one.modified === other.modified)));
