import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { KubeconfigDocument } from "./kubeconfig-document.ts";

export interface EditOptions {
  /** Ends the waiting for the lock. */
  readonly signal?: AbortSignal;
  /** Milliseconds until KUBECONFIG_LOCKED. Default 15 000, longer than a killed localkube's lock lives. */
  readonly lockWaitMs?: number;
}

const waitMs = 15_000;
const pollMs = 50;

/**
 * Changes a kubeconfig under the lock that kubectl itself uses (`FILE.lock`), and in one move; mode 0600. Writes nothing when `edit`
 * changed nothing; removes the file when nothing is left in it. Returns whether it changed. Rejects with KUBECONFIG_MALFORMED,
 * KUBECONFIG_LOCKED, KUBECONFIG_UNUSABLE or what `edit` throws, the file being untouched then.
 */
export async function editKubeconfig(
  file: string,
  edit: (document: KubeconfigDocument) => void,
  { signal, lockWaitMs = waitMs }: EditOptions = {},
): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(unusable(file));
  const release = await lock(file, lockWaitMs, signal);
  try {
    const before = await readKubeconfig(file);
    const document = new KubeconfigDocument(file, before ?? "");
    const unedited = document.toString();
    edit(document);
    const after = document.toString();
    if (after === unedited) return false;
    if (document.isEmpty && !(await isLink(file))) {
      await rm(file, { force: true }).catch(unusable(file));
      return true;
    }
    const { default: writeFileAtomic } = await import("write-file-atomic");
    await writeFileAtomic(file, after, { mode: 0o600 }).catch(unusable(file));
    return true;
  } finally {
    await release().catch(() => undefined);
  }
}

/** The text of a kubeconfig; undefined when there is none. Rejects with KUBECONFIG_UNUSABLE. */
export async function readKubeconfig(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((problem: NodeJS.ErrnoException) =>
    problem.code === "ENOENT" ? undefined : unusable(file)(problem),
  );
}

async function lock(
  file: string,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  const { default: lockfile } = await import("proper-lockfile");
  const lockPath = `${file}.lock`;
  const options = { lockfilePath: lockPath, realpath: false, stale: 10_000, onCompromised: () => undefined };
  const deadline = performance.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lockfile.lock(file, options);
    } catch (problem) {
      // ENOTDIR: a lock of kubectl's, which is a file, has grown old; only its owner or the user may remove it.
      const { code } = problem as NodeJS.ErrnoException;
      if (code !== "ELOCKED" && code !== "ENOTDIR") return unusable(file)(problem as Error);
    }
    if (performance.now() > deadline)
      throw new LocalkubeError("KUBECONFIG_LOCKED", { file, lock: lockPath, seconds: limitMs / 1000 });
    await sleep(pollMs);
  }
}

const isLink = (file: string) =>
  lstat(file).then(
    (status) => status.isSymbolicLink(),
    () => false,
  );

function unusable(file: string) {
  return (cause: Error): never => {
    throw new LocalkubeError("KUBECONFIG_UNUSABLE", { file, problem: cause.message }, { cause });
  };
}
