import { posix } from "node:path";

/** What `stat` says about a path of the guest, symlinks not followed. */
export interface GuestFile {
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly uid: string;
  readonly gid: string;
  readonly user: string;
  readonly group: string;
  readonly size: number;
  /** `inode size mtime ctime`: equal as long as nobody touched the file. */
  readonly identity: string;
}

export interface GuestFiles {
  /** By path; what is missing in the guest is missing here. */
  readonly files: ReadonlyMap<string, GuestFile>;
  /** Digests remembered by earlier pushes, by path; good only while `identity` is still the same. */
  readonly remembered: ReadonlyMap<string, { readonly sha256: string; readonly identity: string }>;
}

/** $1 state folder; paths on standard input, each ended by NUL. Reads only. */
export const inspectScript = String.raw`
export LC_ALL=C
cat -- "$1/pushed.list" 2>/dev/null
printf '\0'
xargs -0 stat --printf '%f %i %s %.9Y %.9Z %u %g %U %G %n\0' -- 2>/dev/null
exit 0
`;

/** Standard input of `inspectScript`: the paths and all folders above them. */
export function inspectedPaths(paths: readonly string[]): string {
  const all = new Set<string>();
  for (const path of paths) for (const part of [path, ...foldersAbove(path)]) all.add(part);
  return [...all].map((path) => `${path}\0`).join("");
}

/** `/a/b/c` → `/a/b`, `/a`. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let dir = posix.dirname(path); dir !== "/"; dir = posix.dirname(dir)) folders.push(dir);
  return folders;
}

/** Standard output of `inspectScript`. Lines it cannot parse count as missing files: the file is then hashed or sent again. */
export function guestFiles(output: string): GuestFiles {
  const [memo = "", ...records] = output.split("\0");
  const remembered = new Map<string, { sha256: string; identity: string }>();
  for (const line of memo.split("\n")) {
    const match = /^([0-9a-f]{64}) (\S+ \S+ \S+ \S+) (\/.*)$/s.exec(line);
    if (match) remembered.set(match[3]!, { sha256: match[1]!, identity: match[2]! });
  }
  const files = new Map<string, GuestFile>();
  for (const record of records) {
    const match = /^(\S+) ((\S+) (\S+) (\S+) (\S+)) (\S+) (\S+) (\S+) (\S+) (\/.*)$/s.exec(record);
    if (!match) continue;
    const [, rawMode, identity, , size, , , uid, gid, user, group, path] = match as unknown as string[];
    const bits = Number.parseInt(rawMode!, 16);
    files.set(path!, {
      type: typeOf(bits),
      mode: bits & 0o7777,
      uid: uid!,
      gid: gid!,
      user: user!,
      group: group!,
      size: Number(size),
      identity: identity!,
    });
  }
  return { files, remembered };
}

function typeOf(bits: number): GuestFile["type"] {
  switch (bits & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "directory";
    case 0o120000:
      return "symlink";
    default:
      return "other";
  }
}

/** Paths on standard input, each ended by NUL. openssl is several times faster than coreutils and often installed. Reads only. */
export const digestScript = String.raw`
export LC_ALL=C
if openssl dgst -sha256 -r /dev/null >/dev/null 2>&1
then xargs -0 openssl dgst -sha256 -r 2>/dev/null
else xargs -0 sha256sum -b -- 2>/dev/null
fi
exit 0
`;

/** Output of `digestScript`, by path. Paths that the tools write in another way (backslash) are left out. */
export function guestDigests(output: string): Map<string, string> {
  const digests = new Map<string, string>();
  for (const line of output.split("\n")) {
    const match = /^([0-9a-f]{64}) \*(\/.*)$/s.exec(line);
    if (match) digests.set(match[2]!, match[1]!);
  }
  return digests;
}
