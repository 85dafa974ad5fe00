import { createHash } from "node:crypto";
import * as v from "valibot";
import type { Transport } from "../../contract/transport.ts";
import { guestPaths } from "../../provision/node/guest-paths.ts";

const schema = v.object({
  type: v.picklist(["sshfs", "sync"]),
  host: v.string(),
  guest: v.string(),
  isReadOnly: v.boolean(),
  /** Of the computer with the folder, and of its process: for people. */
  by: v.string(),
});

/** What a mount's helper in the machine notes of it. */
export type MountNote = v.InferOutput<typeof schema>;

export interface GuestMount extends MountNote {
  /** Helper's process in the machine; 0 where only a file system is left. */
  readonly pid: number;
  /** False: nobody serves it any more. */
  readonly isAlive: boolean;
}

/** Also the helper's name in the list of processes, by which it is known again. */
export const helperName = "localkube-mount";

/** Empty after each boot of the machine. */
export const notesFolder = "/run/localkube-mounts";
export const noteFile = (guest: string): string => `${notesFolder}/${key(guest)}`;

/** Says of which folder there is a copy at that place, also when nobody follows it any more. */
export const copyFile = (guest: string): string => `${guestPaths.state}/mount-copies/${key(guest)}`;

const key = (guest: string): string => createHash("sha256").update(guest).digest("hex").slice(0, 24);

// Neither asks a file system that may not answer.
const lookScript = `
for note in ${notesFolder}/*; do
  [ -f "$note" ] || continue
  { read -r pid; read -r text; } < "$note"
  if grep -aq ${helperName} "/proc/$pid/cmdline" 2>/dev/null; then state=alive; else state=dead; fi
  printf '%s %s %s\\n' "$state" "$pid" "$text"
done
echo mounts
cat /proc/self/mounts
`;

/** The mounts of localkube in a machine, and all its mount points. Read-only. */
export async function lookAtMounts(
  transport: Transport,
  signal: AbortSignal,
): Promise<{ readonly mounts: readonly GuestMount[]; readonly mountPoints: ReadonlySet<string> }> {
  const { stdout } = await transport.exec(["sh", "-c", lookScript], { signal });
  return readMounts(stdout);
}

/** Pure. */
export function readMounts(text: string): Awaited<ReturnType<typeof lookAtMounts>> {
  const lines = text.split("\n");
  const middle = lines.indexOf("mounts");
  const noted = lines.slice(0, middle).flatMap((line): GuestMount[] => {
    const [, state, pid, json] = /^(alive|dead) (\d+) (.*)$/.exec(line) ?? [];
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), json);
    return parsed.success ? [{ ...parsed.output, pid: Number(pid), isAlive: state === "alive" }] : [];
  });
  const mountPoints = new Set<string>();
  const left: GuestMount[] = [];
  for (const line of lines.slice(middle + 1)) {
    const [source, guest, type, options] = line.split(" ").map(unescaped);
    if (source === undefined || guest === undefined || options === undefined) continue;
    mountPoints.add(guest);
    if (type !== "fuse.sshfs" || !source.startsWith(sourcePrefix)) continue;
    if (noted.some((one) => one.guest === guest)) continue;
    const isReadOnly = options.split(",").includes("ro");
    const host = source.slice(sourcePrefix.length);
    left.push({ type: "sshfs", host, guest, isReadOnly, by: "", pid: 0, isAlive: false });
  }
  return { mounts: [...noted, ...left], mountPoints };
}

/** What stands for the source of a file system of ours in the machine's table of mounts. */
export const sourcePrefix = "localkube:";

/** As the kernel writes blanks in names. */
const unescaped = (text: string): string =>
  Buffer.from(
    Buffer.from(text)
      .toString("latin1")
      .replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    "latin1",
  ).toString();

// $1 note, $2 folder, $3 the helper's process or 0. The helper sees that its note is gone, and ends without an error; one that does not end by itself is killed with all it started.
const endScript = `
rm -f -- "$1"
away() {
  while grep -aq "^${sourcePrefix}[^ ]* $4 fuse.sshfs " /proc/self/mounts; do
    fusermount3 -u -z -- "$2" 2>/dev/null || umount -l -- "$2" || return
  done
}
away "$@"
[ "$3" -gt 1 ] && grep -aq ${helperName} "/proc/$3/cmdline" 2>/dev/null || exit 0
kill -s TERM -- "-$3" 2>/dev/null
i=0
while [ "$i" -lt 30 ] && [ -e "/proc/$3" ]; do i=$((i+1)); sleep 0.1; done
kill -s KILL -- "-$3" 2>/dev/null
away "$@"
`;

/** Ends a mount in the machine, whoever serves it; a synced copy stays. Idempotent. */
export async function endGuestMount(
  transport: Transport,
  { guest, pid }: Pick<GuestMount, "guest" | "pid">,
  signal: AbortSignal,
): Promise<void> {
  const pattern = escaped(guest).replaceAll(/[\\.[\]*^$]/g, String.raw`\$&`);
  await transport.exec(["sh", "-c", endScript, "sh", noteFile(guest), guest, String(pid), pattern], {
    signal,
  });
}

/** As the kernel writes it in its table. */
const escaped = (path: string): string =>
  path.replaceAll(/[ \t\n\\#]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`);
