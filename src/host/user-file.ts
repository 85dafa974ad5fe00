import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import {
  access,
  copyFile,
  type FileHandle,
  lstat,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { ownerOfNewFile } from "./home-owner.ts";

export interface UserFileOptions {
  /** Mode of a new file, before the umask; an existing file keeps mode and owner. Default 0666. */
  readonly mode?: number;
  /**
   * Keep the former content beside the file while it is written in place. Default true; false for a file whose former content is
   * useless once the user has requested a new one.
   */
  readonly backup?: boolean;
}

/**
 * Writes a text to a path given by the user. Links are followed, also one whose target does not exist yet. A regular file is replaced
 * atomically and keeps mode and owner; one that cannot be replaced (a mount point, a second hard link, a folder without write
 * permission, another owner) is written in place, with its former content kept beside it until that is done. A pipe or a character device
 * is written to directly. Missing folders are not created; a new file in the home of the user for whom root acts belongs to that user.
 * Rejects with FILE_HALF_WRITTEN when an earlier write in place was interrupted, else with an Error that says what is wrong; the file then
 * has its former content.
 */
export async function writeUserFile(
  file: string,
  content: string,
  { mode = 0o666, backup = true }: UserFileOptions = {},
): Promise<void> {
  const target = await targetOf(file);
  const { path, status } = target;
  if (status && !status.isFile()) {
    const through = await openSpecial(path, status);
    await through.writeFile(content).finally(() => through.close());
    return;
  }
  await assertWhole(path);
  if (await replace(target, content, mode)) return;
  await overwrite(path, content, backup);
}

/**
 * Opens a path given by the user for a stream of text: a regular file is truncated and keeps its mode (a new one gets `mode` before the
 * umask), links are followed, pipes and character devices are written to directly. Rejects with an Error that says what is wrong.
 */
export async function openUserFile(file: string, mode = 0o666): Promise<FileHandle> {
  const { path, status } = await targetOf(file);
  if (status && !status.isFile()) return openSpecial(path, status);
  const handle = await open(path, "w", mode);
  if (!status) await giveNew(handle, path);
  return handle;
}

/** What would keep `writeUserFile` from writing there; undefined when nothing does. Creates and changes nothing. */
export async function userFileProblem(file: string): Promise<string | undefined> {
  try {
    const { path, status } = await targetOf(file);
    if (status && !status.isFile()) return unwritableKind(status);
    await access(status ? path : dirname(path), constants.W_OK);
    return undefined;
  } catch (problem) {
    return (problem as Error).message;
  }
}

/** What exists at a path that should be a regular file; undefined when it is one, a link to one, or nothing. */
export async function notPlainFile(file: string): Promise<string | undefined> {
  const status = await stat(file).catch(() => undefined);
  return !status || status.isFile() ? undefined : `it is ${kindOf(status)}, not a file`;
}

/** Rejects with FILE_HALF_WRITTEN when an earlier write in place was interrupted: only the user can say which content is right. */
export async function assertWhole(file: string): Promise<void> {
  const path = await realpath(file).catch(() => file);
  const backup = backupOf(path);
  const former = await readFile(backup).catch(() => undefined);
  if (!former) return;
  const now = await readFile(path).catch(() => undefined);
  if (!now?.equals(former)) throw new LocalkubeError("FILE_HALF_WRITTEN", { file: path, backup });
  await rm(backup, { force: true });
}

interface Target {
  readonly path: string;
  readonly status?: Stats;
}

async function targetOf(file: string): Promise<Target> {
  const status = await stat(file).catch(ignoreMissing);
  // The links in /proc/self/fd lead to names like `pipe:[4711]`: anything but a regular file is opened by the name that was given.
  if (status && !status.isFile()) return { path: file, status };
  if (status) return { path: await realpath(file).catch(() => file), status };
  let path = resolve(file);
  for (let links = 0; links < 40; links++) {
    const folder = await realpath(dirname(path));
    const link = await readlink(path).catch(() => undefined);
    if (link === undefined) return { path: join(folder, basename(path)) };
    path = resolve(folder, link);
  }
  throw new Error(`${file} is a link that leads nowhere`);
}

/** False when the file has to be written in place. */
async function replace({ path, status }: Target, content: string, mode: number): Promise<boolean> {
  if (status && status.nlink > 1) return false;
  // A short name of its own: the file's name may already have the maximum length.
  const made = join(dirname(path), `.localkube-${randomBytes(6).toString("hex")}`);
  try {
    const handle = await open(made, "wx", status ? 0o600 : mode);
    try {
      await handle.writeFile(content);
      if (status) {
        const own = await handle.stat();
        if (own.uid !== status.uid || own.gid !== status.gid) await handle.chown(status.uid, status.gid);
        await handle.chmod(status.mode & 0o7777);
      } else await giveNew(handle, path);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(made, path);
    return true;
  } catch (problem) {
    await rm(made, { force: true }).catch(() => undefined);
    if (status && inPlace.has((problem as NodeJS.ErrnoException).code ?? "")) return false;
    throw problem;
  }
}

async function giveNew(handle: FileHandle, path: string): Promise<void> {
  const owner = await ownerOfNewFile(path, process.env);
  if (owner) await handle.chown(owner.uid, owner.gid).catch(() => undefined);
}

/** A mount point, a folder or an owner that may not be changed, or a file system that does not support such a rename. */
const inPlace: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", "EACCES", "EPERM", "EROFS", "EINVAL"]);

async function overwrite(path: string, content: string, backup: boolean): Promise<void> {
  const handle = await open(path, "r+");
  const kept = backup ? backupOf(path) : undefined;
  try {
    if (kept !== undefined) await copyFile(path, kept, constants.COPYFILE_EXCL);
    const former = await readFile(path);
    try {
      await fill(handle, Buffer.from(content));
    } catch (problem) {
      await fill(handle, former);
      throw problem;
    } finally {
      const now = await readFile(path);
      const isWhole = now.equals(former) || now.equals(Buffer.from(content));
      if (isWhole && kept !== undefined) await rm(kept, { force: true });
    }
  } finally {
    await handle.close();
  }
}

async function fill(handle: FileHandle, content: Buffer): Promise<void> {
  for (let at = 0; at < content.length;)
    at += (await handle.write(content, at, content.length - at, at)).bytesWritten;
  await handle.truncate(content.length);
  await handle.sync();
}

const backupOf = (path: string): string => `${path}.localkube-backup`;

async function openSpecial(path: string, status: Stats): Promise<FileHandle> {
  const problem = unwritableKind(status);
  if (problem !== undefined) throw new Error(`${path}: ${problem}`);
  if (!status.isFIFO()) return open(path, constants.O_WRONLY);
  // Opened in the ordinary way, a pipe without a reader would block forever.
  const waiting = await open(path, constants.O_WRONLY | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw error.code === "ENXIO" ? new Error(`nobody reads the pipe ${path}`) : error;
    },
  );
  return open(path, constants.O_WRONLY).finally(() => waiting.close());
}

const unwritableKind = (status: Stats): string | undefined =>
  status.isFIFO() || status.isCharacterDevice() ? undefined : `it is ${kindOf(status)}, not a file`;

/** Text for a sentence: `a folder`, `a device`, … */
function kindOf(status: Stats): string {
  if (status.isDirectory()) return "a folder";
  if (status.isFIFO()) return "a pipe";
  if (status.isSocket()) return "a socket";
  return status.isFile() ? "a file" : "a device";
}

/** What exists at a path itself, not at its target: whether removing it would remove a link. */
export const isLink = (file: string): Promise<boolean> =>
  lstat(file).then(
    (status) => status.isSymbolicLink(),
    () => false,
  );

function ignoreMissing(problem: NodeJS.ErrnoException): undefined {
  if (problem.code !== "ENOENT") throw problem;
}
