import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Transport } from "../../contract/transport.ts";
import { lastLines } from "../../host/run-command.ts";
import { guestPaths } from "../node/guest-paths.ts";
import type { GuestArchive } from "./guest-archive.ts";

/**
 * First argument: root to work under (empty in a guest), then six words an archive. Members are unpacked beside their place and moved
 * over it, so that a program is complete or absent and a running one is not written to. The note says "unfinished" before the first
 * move, because guestFacts takes anything in our folders without a note for the guest's own.
 */
export const unpackScript = `
set -eu
umask 022
root=$1; shift
notes=$root${guestPaths.programs}
while [ $# -gt 0 ]; do
  name=$1 archive=$root$2 digest=$3 target=$root$4 strip=$5 members=$6; shift 6
  note=$notes/$name.unpacked
  complete=yes
  for member in $members; do [ -x "$target/\${member##*/}" ] || complete=no; done
  if [ $complete = yes ] && [ "$(cat "$note" 2>/dev/null)" = "$digest" ]; then continue; fi
  mkdir -p "$notes" "$target"
  stage=$target/.localkube-$name
  rm -rf "$stage"
  mkdir "$stage"
  tar --extract --gzip --file "$archive" --directory "$stage" --strip-components "$strip" \\
    --no-same-owner --no-same-permissions --no-anchored $members
  for member in $members; do
    { [ -f "$stage/$member" ] && [ ! -L "$stage/$member" ]; } || { echo "$member is no file in it" >&2; exit 1; }
  done
  echo unfinished > "$note"
  for member in $members; do echo "\${target#"$root"}/\${member##*/}"; done >> "$root${guestPaths.placed}"
  for member in $members; do
    chmod 755 "$stage/$member"
    mv -f "$stage/$member" "$target/\${member##*/}"
  done
  rm -rf "$stage"
  echo "$digest" > "$note.new"
  mv -f "$note.new" "$note"
  echo "$name"
done
`;

/** argv of `unpackScript` after its name. */
export const unpackArguments = (root: string, archives: readonly GuestArchive[]): readonly string[] => [
  root,
  ...archives.flatMap(({ name, entry, sha256, target, strip, members }) => [
    name,
    entry.path,
    sha256,
    target,
    String(strip),
    members.join(" "),
  ]),
];

/** Unpacks pushed archives that are not yet. Idempotent by digest. Returns the names it unpacked; rejects with GUEST_UNPACK_FAILED. */
export async function unpackPrograms(
  transport: Transport,
  archives: readonly GuestArchive[],
  c: Pick<RunContext, "signal">,
): Promise<readonly string[]> {
  if (archives.length === 0) return [];
  const argv = ["sh", "-c", unpackScript, "sh", ...unpackArguments("", archives)] as const;
  const { exitCode, stdout, stderr } = await transport.exec(argv, {
    signal: c.signal,
    timeoutMs: 540_000,
    allowFailure: true,
  });
  const done = stdout.split("\n").filter(Boolean);
  if (exitCode === 0) return done;
  const names = archives.map(({ name }) => name).filter((name) => !done.includes(name));
  throw new LocalkubeError(
    "GUEST_UNPACK_FAILED",
    { names: names.join(", ") },
    { output: lastLines(stderr.trim(), 8) },
  );
}

// Links each plugin of the guest's folder into ours where there is none of that name.
const linkScript = `
mkdir -p "$2"
for plugin in "$1"/*; do
  [ -e "$2/\${plugin##*/}" ] || { echo "$2/\${plugin##*/}" >> ${guestPaths.placed}; ln -s "$plugin" "$2/\${plugin##*/}" && echo "\${plugin##*/}"; }
done
`;

/** Makes the guest's own CNI plugins be found in the folder that foreign pod networks use. Idempotent. Returns the names it linked. */
export async function linkCniPlugins(
  transport: Transport,
  from: string,
  into: string,
  c: Pick<RunContext, "signal">,
): Promise<readonly string[]> {
  const { stdout } = await transport.exec(["sh", "-c", linkScript, "sh", from, into], { signal: c.signal });
  return stdout.split("\n").filter(Boolean);
}
