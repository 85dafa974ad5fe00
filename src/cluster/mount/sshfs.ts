import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import process from "node:process";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import { lastLines } from "../../host/run-command.ts";
import { poll } from "../../host/poll.ts";
import { serveFolder } from "../../machine/sftp/server.ts";
import {
  copyFile,
  helperName,
  lookAtMounts,
  type MountNote,
  noteFile,
  notesFolder,
  sourcePrefix,
} from "./guest-mounts.ts";

export interface MountSettings {
  readonly host: string;
  readonly guest: string;
  readonly isReadOnly: boolean;
  /** Undefined: who owns the folder on this computer. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly followsLinks: boolean;
  /** The folder in the machine may have files, which are covered or, by `sync`, replaced. */
  readonly isOver: boolean;
}

/** For the note in the machine. */
export const noteOf = (type: MountNote["type"], { host, guest, isReadOnly }: MountSettings): MountNote => ({
  ...{ type, host, guest, isReadOnly },
  by: `${hostname()}, process ${process.pid}`,
});

export const ownerOf = async ({ host, uid, gid }: MountSettings): Promise<{ uid: number; gid: number }> => {
  const found = await stat(host);
  return { uid: uid ?? found.uid, gid: gid ?? found.gid };
};

// $1 note, $2 its text, $3 folder, $4 whether we made it, $5… the program. Its process ends with the connection, whose end sshfs reads as that of its input. The program is in a scope of
// its own, so that neither sshd's limits nor its restart concern it. An error is one only if nobody has taken the note away.
const helper = `
note=$1; target=$3; made=$4
printf '%s\\n%s\\n' "$$" "$2" > "$note.new" && mv -f -- "$note.new" "$note" || exit
shift 4
trap : TERM HUP INT PIPE
if command -v systemd-run >/dev/null && [ -d /run/systemd/system ]; then set -- systemd-run --quiet --scope --collect -- "$@"; fi
"$@"
code=$?
fusermount3 -u -z -- "$target" 2>/dev/null
[ -e "$note" ] || code=0
rm -f -- "$note"
[ "$made" = made ] && rmdir -- "$target" 2>/dev/null
exit "$code"
`;

const cacheSeconds = 1;
/** The longest that a timer takes: three weeks. */
const foreverMs = 2 ** 31 - 1;
const mountedMs = 60_000;

/**
 * Mounts a folder of this computer in the machine by sshfs, which speaks to a server in this process over a channel of the connection; `onMounted` is called once it is there. Resolves when
 * `mount remove` has ended it. Rejects with the signal's reason, SSH_CONNECTION_LOST, or MOUNT_ENDED with what sshfs said. Afterwards nothing is mounted there, unless the connection is lost: then the helper
 * in the machine does that by itself. The folder in the machine was prepared: see `prepareTarget`.
 */
export async function mountBySshfs(
  transport: Transport,
  settings: MountSettings,
  wasMade: boolean,
  signal: AbortSignal,
  onMounted: () => Promise<void>,
): Promise<void> {
  const { host, guest, isReadOnly, followsLinks } = settings;
  const owner = await ownerOf(settings);
  const server = await serveFolder({ folder: host, isReadOnly, followsLinks, owner });
  const over = new AbortController();
  const inner = AbortSignal.any([signal, over.signal]);
  const argv = sshfsArgv({ host, guest, isReadOnly, owner });
  const text = JSON.stringify(noteOf("sshfs", settings));
  const words = [noteFile(guest), text, guest, wasMade ? "made" : "there", ...argv];
  try {
    const running = transport.exec(["sh", "-c", helper, helperName, ...words], {
      ...{ stdin: server, stdout: server, signal, timeoutMs: foreverMs, allowFailure: true },
    });
    const ended = running.finally(() => over.abort());
    ended.catch(() => undefined);
    const mounted = async (): Promise<void> => {
      const look = async (): Promise<true | undefined> =>
        (await lookAtMounts(transport, inner)).mountPoints.has(guest) || undefined;
      if (await poll(look, { signal: inner, everyMs: 100, limitMs: mountedMs })) return onMounted();
      throw new LocalkubeError("MOUNT_ENDED", { guest, problem: "sshfs has not mounted it within a minute" });
    };
    const whenMounted = mounted().catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    });
    await Promise.race([ended, whenMounted.then(() => ended)]);
    const { exitCode, stderr } = await ended;
    await whenMounted;
    if (exitCode !== 0) {
      const problem = lastLines(stderr, 1) || `exit code ${exitCode}`;
      throw new LocalkubeError("MOUNT_ENDED", { guest, problem });
    }
  } finally {
    server.destroy();
  }
}

/** The words of the program in the machine. Pure. */
export function sshfsArgv({
  host,
  guest,
  isReadOnly,
  owner,
}: Pick<MountSettings, "host" | "guest" | "isReadOnly"> & {
  readonly owner: { readonly uid: number; readonly gid: number };
}): readonly string[] {
  const options = [
    ...["passive", "allow_other", "default_permissions", `uid=${owner.uid}`, `gid=${owner.gid}`],
    ...["dir_cache=yes", `dcache_timeout=${cacheSeconds}`, "max_conns=1"],
    `fsname=${quoted(sourcePrefix + host)}`,
    ...(isReadOnly ? ["ro"] : []),
  ];
  return ["sshfs", "-f", "-o", options.join(","), `${helperName}:/`, guest];
}

/** A value among sshfs's options, which are separated by commas. */
const quoted = (text: string): string => text.replaceAll(/[\\,]/g, String.raw`\$&`);

// $1 folder, $2 "over" where it may have files, $3 says whose copy it is, $4 the folder here, whose copy may be there.
const prepareScript = `
real=$(readlink -m -- "$1"; echo .); real=\${real%??}
[ "$real" = "$1" ] || { printf '%s' "$real"; exit 10; }
if [ -e "$1" ]; then
  [ -d "$1" ] || exit 11
  [ "$2" = over ] || [ "$(cat "$3" 2>/dev/null)" = "$4" ] || [ -z "$(ls -A -- "$1" | head -c 1)" ] || exit 12
  printf there
else
  mkdir -p -- "$1" || exit 13
  printf made
fi
mkdir -p ${notesFolder} && chmod 700 ${notesFolder}
`;

/** Makes the folder in the machine; resolves with whether it was made. Rejects with MOUNT_TARGET_REFUSED or MOUNT_TARGET_NOT_EMPTY. Idempotent. */
export async function prepareTarget(
  transport: Transport,
  { host, guest, isOver }: Pick<MountSettings, "host" | "guest" | "isOver">,
  signal: AbortSignal,
): Promise<boolean> {
  const words = [guest, isOver ? "over" : "", copyFile(guest), host];
  const argv = ["sh", "-c", prepareScript, "sh", ...words] as const;
  const { exitCode, stdout, stderr } = await transport.exec(argv, { signal, allowFailure: true });
  const refuse = (problem: string): never => {
    throw new LocalkubeError("MOUNT_TARGET_REFUSED", { guest, problem });
  };
  if (exitCode === 10) refuse(`a link on the way leads to ${stdout}: name that`);
  if (exitCode === 11) refuse("there is a file in the machine");
  if (exitCode === 12) throw new LocalkubeError("MOUNT_TARGET_NOT_EMPTY", { guest });
  if (exitCode !== 0) refuse(lastLines(stderr, 1) || `exit code ${exitCode}`);
  return stdout === "made";
}

const fuseScript = `
[ -c /dev/fuse ] || modprobe fuse 2>/dev/null || exit 20
command -v sshfs >/dev/null || exit 21
`;

/** What the machine is missing for sshfs: nothing, the kernel's part, or the program. */
export async function sshfsLack(
  transport: Transport,
  signal: AbortSignal,
): Promise<"nothing" | "fuse" | "program"> {
  const { exitCode } = await transport.exec(["sh", "-c", fuseScript], { signal, allowFailure: true });
  return exitCode === 0 ? "nothing" : exitCode === 20 ? "fuse" : "program";
}
