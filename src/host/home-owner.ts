import { constants, lstatSync, type Stats } from "node:fs";
import { type FileHandle, lchown, lstat, open, readdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import type { HostContext } from "../contract/host.ts";
import { shellQuote } from "./run-command.ts";

type Env = HostContext["env"];

interface HomeOwner {
  readonly uid: number;
  readonly gid: number;
  /** The value of `$HOME`. */
  readonly home: string;
  readonly realHome: string;
}

export interface GiveOptions {
  /** Include the folders between the home and the paths. */
  readonly way?: boolean;
  /** Names that are left unchanged with everything inside them: files of a root file system have owners of their own. */
  readonly skip?: (name: string) => boolean;
}

/**
 * Gives what root created in another user's home to that user: when root acts for a user (`sudo -E`: SUDO_UID and SUDO_GID name the user)
 * and `$HOME` belongs to that user, this covers everything owned by root at and below `paths`. What is outside that home, behind a link or
 * on another file system, and files with several hard links are not changed. Idempotent; never rejects, because a wrong owner must not fail
 * work that is done. Does nothing in any other case.
 */
export async function giveToHomeOwner(
  paths: readonly string[],
  env: Env,
  { way = false, skip = () => false }: GiveOptions = {},
): Promise<void> {
  const owner = await homeOwner(env);
  if (!owner) return;
  for (const path of paths) {
    const within = withinHome(owner, resolve(path));
    if (within !== undefined) await give(owner, within, { way, skip }).catch(() => undefined);
  }
}

/** The owner for a new file at this absolute path, when root creates it in another user's home; see `giveToHomeOwner`. */
export async function ownerOfNewFile(
  path: string,
  env: Env,
): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  const owner = await homeOwner(env);
  return owner && withinHome(owner, path) ? owner : undefined;
}

/**
 * The command that gives files created by root back to this user (`sudo chown -R 1000:1000 /home/me/.kube`), for a path that the user may
 * not read or write; undefined when nothing on the way to it belongs to another user. Read-only.
 */
export function chownCommand(path: string, env: Env): string | undefined {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  const home = env["HOME"] || homedir();
  const within = relative(home, resolve(path));
  if (uid === undefined || gid === undefined || isOutside(within)) return undefined;
  let at = home;
  for (const part of within.split(sep)) {
    at = join(at, part);
    const status = statusOf(at);
    if (!status) return undefined;
    if (status.uid !== uid) return `sudo chown -R ${uid}:${gid} ${shellQuote([at])}`;
  }
  return undefined;
}

/** Whether a call failed because of missing permissions. */
export const isAboutRights = (problem: unknown): boolean =>
  ["EACCES", "EPERM"].includes((problem as NodeJS.ErrnoException | undefined)?.code ?? "");

async function homeOwner(env: Env): Promise<HomeOwner | undefined> {
  const { HOME: home, SUDO_UID, SUDO_GID } = env;
  const [uid, gid] = [idOf(SUDO_UID), idOf(SUDO_GID)];
  if (process.getuid?.() !== 0 || !home || !isAbsolute(home) || !uid || gid === undefined) return undefined;
  const realHome = await realpath(home).catch(() => undefined);
  if (realHome === undefined || realHome === sep) return undefined;
  const status = await lstat(realHome).catch(() => undefined);
  return status?.isDirectory() && status.uid === uid ? { uid, gid, home, realHome } : undefined;
}

const idOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

/** Path components below the home; undefined for paths outside it. */
function withinHome({ home, realHome }: HomeOwner, path: string): readonly string[] | undefined {
  const within = [relative(home, path), relative(realHome, path)].find((each) => !isOutside(each));
  return within?.split(sep);
}

const isOutside = (within: string): boolean =>
  within === "" || within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within);

/**
 * Descends from the home through open folder handles, so that a name replaced by a link meanwhile leads nowhere.
 */
async function give(
  owner: HomeOwner,
  names: readonly string[],
  { way, skip }: Required<GiveOptions>,
): Promise<void> {
  let folder = await openFolder(owner.realHome);
  let path = owner.realHome;
  try {
    for (const [index, name] of names.entries()) {
      const at = inside(folder, path, name);
      const status = await lstat(at);
      if (way || index === names.length - 1) await giveOne(owner, at, status);
      if (!status.isDirectory()) return;
      const next = await openFolder(at);
      await folder.close();
      [folder, path] = [next, join(path, name)];
      if (index === names.length - 1) await giveTree(owner, { folder, path, device: status.dev, skip });
    }
  } finally {
    await folder.close();
  }
}

interface Tree {
  readonly folder: FileHandle;
  readonly path: string;
  readonly device: number;
  readonly skip: (name: string) => boolean;
}

async function giveTree(owner: HomeOwner, { folder, path, device, skip }: Tree): Promise<void> {
  for (const name of await readdir(inside(folder, path, "."))) {
    if (skip(name)) continue;
    const at = inside(folder, path, name);
    const status = await lstat(at).catch(() => undefined);
    if (!status || status.dev !== device) continue;
    await giveOne(owner, at, status).catch(() => undefined);
    const next = status.isDirectory() ? await openFolder(at).catch(() => undefined) : undefined;
    const tree = next && { folder: next, path: join(path, name), device, skip };
    if (tree) await giveTree(owner, tree).finally(() => next.close());
  }
}

/** Another hard link of a file may be in a place that does not belong to the user. */
async function giveOne({ uid, gid }: HomeOwner, at: string, status: Stats): Promise<void> {
  if (status.uid !== 0 || (!status.isDirectory() && status.nlink > 1)) return;
  await lchown(at, uid, gid);
}

const openFolder = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

const inside = (folder: FileHandle, path: string, name: string): string =>
  process.platform === "linux" ? `/proc/self/fd/${folder.fd}/${name}` : join(path, name);

const statusOf = (path: string): Stats | undefined => {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
};
