import { realpath } from "node:fs/promises";
import { Readable } from "node:stream";
import type { FSWatcher } from "chokidar";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import { entryAt, isSameEntry, readTree, type TreeEntry } from "./folder-tree.ts";
import { copyFile, helperName, noteFile } from "./guest-mounts.ts";
import { type MountSettings, noteOf, ownerOf } from "./sshfs.ts";
import { fillArchive } from "./tree-archive.ts";

// $1 note, $2 its text, $3 where it is remembered whose copy it is, $4 of which folder, $5 its owner if the folder was made, $6 the folder. Ends with the connection, whose end is that of its input, or when somebody has ended it.
const helper = `
mkdir -p -- "\${3%/*}" && printf '%s\\n' "$4" > "$3" || exit
printf '%s\\n%s\\n' "$$" "$2" > "$1.new" && mv -f -- "$1.new" "$1" || exit
[ -z "$5" ] || chown -- "$5" "$6"
cat > /dev/null
rm -f -- "$1"
`;

/** The longest that a timer takes: three weeks. */
const foreverMs = 2 ** 31 - 1;
const copyMs = 3_600_000;
/** How long a burst of changes is gathered. */
const gatherMs = 100;
/** 128 + SIGTERM: `mount remove`. */
const terminated = 143;

/**
 * Copies a folder of this computer to the machine and then each change of it, removals too, until the signal aborts or `mount remove` ends it; `onCopied` is called once when the first copy is whole, with the links
 * that were left out because they lead out of the folder. Files that the machine has besides are removed at the beginning. Real files, so programs there are told of changes. Rejects with the signal's reason, SSH_CONNECTION_LOST,
 * or MOUNT_ENDED. The copy stays.
 */
export async function copyAndFollow(
  transport: Transport,
  settings: MountSettings,
  wasMade: boolean,
  signal: AbortSignal,
  onCopied: (skipped: readonly string[]) => Promise<void>,
): Promise<void> {
  const { guest, followsLinks } = settings;
  const root = await realpath(settings.host);
  const copy = { transport, root, guest, owner: await ownerOf(settings), followsLinks };
  const over = new AbortController();
  const inner = AbortSignal.any([signal, over.signal]);
  const text = JSON.stringify(noteOf("sync", settings));
  const words = [noteFile(guest), text, copyFile(guest), settings.host];
  const { uid, gid } = copy.owner;
  words.push(wasMade ? `${uid}:${gid}` : "", guest);
  const held = new Readable({ read: () => undefined });
  const ended = transport
    .exec(["sh", "-c", helper, helperName, ...words], {
      ...{ stdin: held, signal, timeoutMs: foreverMs, allowFailure: true },
    })
    .finally(() => over.abort());
  ended.catch(() => undefined);
  const watching = new Watching(root, followsLinks);
  const follow = async (): Promise<void> => {
    // Watched from before, so that nothing is missed; what changes meanwhile is looked at again.
    await watching.begin(inner);
    const skipped = await copyWhole(copy, inner);
    await onCopied(skipped);
    for (;;) await copyPaths(copy, await watching.next(inner), inner);
  };
  try {
    await Promise.race([
      ended,
      follow().catch((error: unknown) => {
        // Why is told by the helper's end.
        if (!over.signal.aborted) throw error;
        return ended;
      }),
    ]);
    const { exitCode, stderr } = await ended;
    if (exitCode !== 0 && exitCode !== terminated)
      throw new LocalkubeError("MOUNT_ENDED", { guest, problem: stderr.trim() || `exit code ${exitCode}` });
  } finally {
    over.abort();
    held.push(null);
    await watching.close();
  }
}

/** Gathers which paths below a folder have changed. */
class Watching {
  readonly #root: string;
  readonly #followsLinks: boolean;
  #changed = new Set<string>();
  #failure: Error | undefined;
  #tell: () => void = () => undefined;
  #watcher: FSWatcher | undefined;

  constructor(root: string, followsLinks: boolean) {
    this.#root = root;
    this.#followsLinks = followsLinks;
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { watch } = await import("chokidar");
    signal.throwIfAborted();
    const watcher = watch(".", {
      ...{ cwd: this.#root, ignoreInitial: true, followSymlinks: this.#followsLinks },
    });
    this.#watcher = watcher;
    watcher.on("all", (_event, path) => {
      if (path !== "." && path !== "") this.#changed.add(path.replaceAll("\\", "/"));
      this.#tell();
    });
    watcher.on("error", (error) => {
      const params = { host: this.#root, problem: messageOf(error) };
      this.#failure = new LocalkubeError("MOUNT_WATCH_FAILED", params, { cause: error });
      this.#tell();
    });
    await new Promise<void>((resolve, reject) => {
      this.#tell = () => {
        if (this.#failure) reject(this.#failure);
      };
      watcher.once("ready", resolve);
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  }

  /** Resolves when something has changed and a moment has passed. */
  async next(signal: AbortSignal): Promise<ReadonlySet<string>> {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
      let timer: NodeJS.Timeout | undefined;
      this.#tell = () => {
        timer ??= setTimeout(() => {
          signal.removeEventListener("abort", abort);
          resolve();
        }, gatherMs);
      };
      if (this.#changed.size > 0 || this.#failure) this.#tell();
    });
    if (this.#failure) throw this.#failure;
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  async close(): Promise<void> {
    await this.#watcher?.close();
  }
}

interface Copy {
  readonly transport: Transport;
  readonly root: string;
  readonly guest: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly followsLinks: boolean;
}

/** Makes the machine's folder equal to ours; resolves with the links that lead out. */
async function copyWhole(copy: Copy, signal: AbortSignal): Promise<readonly string[]> {
  const { entries, skipped } = await readTree(copy.root, "", copy.followsLinks);
  const there = await entriesThere(copy, signal);
  const wanted = new Map(entries.map((entry) => [entry.path, entry]));
  const away = [...there.keys()].filter((path) => wanted.get(path)?.type !== there.get(path)?.type);
  await remove(copy, away, signal);
  await send(
    copy,
    entries.filter((entry) => !isSameEntry(entry, there.get(entry.path))),
    signal,
  );
  return skipped;
}

async function copyPaths(copy: Copy, paths: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  const changed: TreeEntry[] = [];
  const away: string[] = [];
  for (const path of [...paths].sort()) {
    const entry = await entryAt(copy.root, path, copy.followsLinks);
    if (entry === undefined || entry === "leads-out") away.push(path);
    else changed.push(entry);
  }
  await remove(copy, away, signal);
  await send(copy, changed, signal);
}

const findFormat = String.raw`%y\0%s\0%Ts\0%m\0%l\0%P\0`;

async function entriesThere(
  { transport, guest }: Copy,
  signal: AbortSignal,
): Promise<Map<string, TreeEntry>> {
  const { stdout } = await transport.exec(["find", guest, "-mindepth", "1", "-printf", findFormat], {
    signal,
    timeoutMs: copyMs,
  });
  return readFind(stdout);
}

/** Pure. */
export function readFind(text: string): Map<string, TreeEntry> {
  const found = new Map<string, TreeEntry>();
  const words = text.split("\0");
  for (let at = 0; at + 5 < words.length; at += 6) {
    const [letter, size, modified, mode, target, path] = words.slice(at, at + 6) as [
      ...[string, string, string, string, string, string],
    ];
    const type = ({ f: "file", d: "directory" } as const)[letter] ?? "symlink";
    found.set(path, {
      ...{ path, type, target, modified: Number(modified), mode: Number.parseInt(mode, 8) },
      size: type === "file" ? Number(size) : 0,
    });
  }
  return found;
}

async function remove(
  { transport, guest }: Copy,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (paths.length === 0) return;
  const stdin = paths.map((path) => `./${path}\0`).join("");
  const argv = ["sh", "-c", 'cd -- "$1" && xargs -0 rm -rf --', "sh", guest] as const;
  await transport.exec(argv, { signal, timeoutMs: copyMs, stdin });
}

async function send(copy: Copy, entries: readonly TreeEntry[], signal: AbortSignal): Promise<void> {
  if (entries.length === 0) return;
  const { pack } = await import("tar-stream");
  const archive = pack();
  fillArchive(archive, copy, entries).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error as Error),
  );
  // Links of the machine are not followed: tar replaces them.
  const argv = ["tar", "-x", "-p", "-f", "-", "-C", copy.guest, "--numeric-owner"] as const;
  await copy.transport.exec([...argv, "--same-owner", "--delay-directory-restore"], {
    ...{ signal, timeoutMs: copyMs, stdin: Readable.from(archive) },
  });
}
