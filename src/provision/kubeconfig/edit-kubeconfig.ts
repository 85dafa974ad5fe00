import { constants } from "node:fs";
import { access, mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { chownCommand, giveToHomeOwner, isAboutRights } from "../../host/home-owner.ts";
import { tryLock } from "../../host/lock.ts";
import { poll } from "../../host/poll.ts";
import { assertWhole, isLink, notPlainFile, userFileProblem, writeUserFile } from "../../host/user-file.ts";
import { KubeconfigDocument } from "./kubeconfig-document.ts";

export interface EditOptions {
  /** Ends the wait for the lock. */
  readonly signal?: AbortSignal;
  /** Milliseconds until KUBECONFIG_LOCKED. Default 15 000, longer than a killed localkube's lock lives. */
  readonly lockWaitMs?: number;
}

const waitMs = 15_000;
const pollMs = 50;

/**
 * Changes a kubeconfig under the lock that kubectl itself uses (`FILE.lock`), as `writeUserFile` does: mode and owner are kept, a new file is
 * 0600. Writes nothing when `edit` changed nothing; removes the file when it is disposable and nothing is left in it. Returns whether it changed.
 * Rejects with KUBECONFIG_MALFORMED, KUBECONFIG_LOCKED, KUBECONFIG_UNUSABLE, KUBECONFIG_NOT_PERMITTED, FILE_HALF_WRITTEN or what
 * `edit` throws, the file being untouched then.
 */
export async function editKubeconfig(
  file: string,
  edit: (document: KubeconfigDocument) => void,
  { signal, lockWaitMs = waitMs }: EditOptions = {},
): Promise<boolean> {
  const fail = unusable(file);
  // Before the lock, whose folder would be created beside a device.
  await assertPlain(file);
  const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(fail);
  const release = await lock(file, lockWaitMs, signal);
  try {
    const before = await readKubeconfig(file);
    const document = new KubeconfigDocument(file, before);
    const unedited = document.toString();
    edit(document);
    const after = document.toString();
    if (after === unedited) return false;
    if (document.isDisposable && document.isEmpty && !(await isLink(file))) {
      const isGone = await rm(file).then(
        () => true,
        () => false, // a mount point, say: it gets the empty frame
      );
      if (isGone) return true;
    }
    await writeUserFile(file, after, { mode: 0o600 }).catch(fail);
    return true;
  } finally {
    await release().catch(() => undefined);
    if (made !== undefined) await giveToHomeOwner([made], process.env);
  }
}

/**
 * The text of a kubeconfig; undefined when there is none. Rejects with KUBECONFIG_UNUSABLE, also for a device or a pipe, which cannot be
 * read twice, with KUBECONFIG_NOT_PERMITTED or FILE_HALF_WRITTEN.
 */
export async function readKubeconfig(file: string): Promise<string | undefined> {
  await assertPlain(file);
  await assertWhole(file);
  return readFile(file, "utf8").catch((problem: NodeJS.ErrnoException) =>
    isMissing(problem) ? undefined : unusable(file)(problem),
  );
}

/** Rejects as `editKubeconfig` would because of missing permissions, a folder in the file's place and so on. Creates nothing. */
export async function assertEditable(file: string): Promise<void> {
  await assertPlain(file);
  const fail = unusable(file);
  let folder = dirname(file);
  for (;;) {
    const problem = await access(folder, constants.W_OK | constants.X_OK).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    );
    if (problem === undefined) break;
    if (problem.code !== "ENOENT" || dirname(folder) === folder) return fail(problem);
    folder = dirname(folder);
  }
  if (folder !== dirname(file)) return; // it will be made
  const problem = await userFileProblem(file);
  if (problem !== undefined) throw new LocalkubeError("KUBECONFIG_UNUSABLE", { file, problem });
}

async function assertPlain(file: string): Promise<void> {
  const problem = await notPlainFile(file);
  if (problem !== undefined) throw new LocalkubeError("KUBECONFIG_UNUSABLE", { file, problem });
}

/** A path through a file does not exist either. */
export const isMissing = ({ code }: NodeJS.ErrnoException): boolean =>
  code === "ENOENT" || code === "ENOTDIR";

/** Waits for kubectl, or another localkube. Its end is not noticed: an edit takes milliseconds. */
async function lock(
  file: string,
  limitMs: number,
  signal = new AbortController().signal,
): Promise<() => Promise<void>> {
  const folder = `${file}.lock`;
  const take = () =>
    tryLock(folder, {}, () => undefined)
      .catch(unlessKubectls)
      .catch(unusable(file));
  const release = await poll(take, { signal, everyMs: pollMs, limitMs });
  if (!release)
    throw new LocalkubeError("KUBECONFIG_LOCKED", { file, lock: folder, seconds: limitMs / 1000 });
  return release;
}

/** One of kubectl's locks, which is a file, is stale; only its owner or the user may remove it. */
const unlessKubectls = (problem: NodeJS.ErrnoException): undefined => {
  if (problem.code !== "ENOTDIR") throw problem;
};

/** Turns the failure of a call on a kubeconfig into an error of ours. */
export function unusable(file: string) {
  return (cause: Error): never => {
    if (cause instanceof LocalkubeError) throw cause;
    const command = isAboutRights(cause) ? chownCommand(file, process.env) : undefined;
    if (command !== undefined)
      throw new LocalkubeError("KUBECONFIG_NOT_PERMITTED", { file, command }, { cause });
    throw new LocalkubeError("KUBECONFIG_UNUSABLE", { file, problem: cause.message }, { cause });
  };
}
