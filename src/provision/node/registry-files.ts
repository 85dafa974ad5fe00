import type { RunContext } from "../../contract/host.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { PushEntry, Transport } from "../../contract/transport.ts";
import { guestPaths } from "./guest-paths.ts";
import type { NodeInput } from "./node-input.ts";
import { textEntry } from "./push-entries.ts";
import { runtimeInput } from "./runtime-input.ts";

/**
 * The logins in docker's form, where the kubelet of every minor looks first (pkg/credentialprovider, its root directory) and hands them to any
 * runtime with the request to pull: so no runtime has secrets in its configuration, and a changed password restarts the kubelet and no
 * runtime. It reads the file again only every five minutes, so it is restarted.
 */
export function loginFiles({ registryAccess: { logins } }: NodeInput): readonly PushEntry[] {
  if (logins.length === 0) return [];
  const auths = Object.fromEntries(
    logins.map(({ registry, username, password }) => [
      registry === "docker.io" ? "https://index.docker.io/v1/" : registry,
      { auth: Buffer.from(`${username}:${password}`).toString("base64") },
    ]),
  );
  return [textEntry(guestPaths.registryLogins, `${JSON.stringify({ auths }, null, 2)}\n`, 0o600)];
}

/**
 * Environment of the runtime's services, with what they reach without the proxy. A file that only root can read, because a proxy's address may
 * contain a password and systemd shows everybody what is in a unit.
 */
export function proxyFiles(input: NodeInput): readonly PushEntry[] {
  const { proxy } = input.registryAccess;
  const { NO_PROXY = "", ...proxies } = proxy;
  if (Object.keys(proxies).length === 0) return [];
  const direct = [
    ...NO_PROXY.split(",").map((entry) => entry.trim()),
    ...["localhost", "127.0.0.1", "::1", ".svc", `.${input.clusterDomain}`],
    ...[input.spec.podCidr, input.spec.serviceCidr],
    ...input.nodes.flatMap(({ name, address }) => [address, name]),
  ].filter((entry) => entry !== "");
  const variables = { ...proxies, NO_PROXY: [...new Set(direct)].join(",") };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return [textEntry(guestPaths.proxy, lines.join(""), 0o600)];
}

/** All files of a node about registries, whoever reads them. */
export const accessFiles = (input: NodeInput): readonly PushEntry[] => [
  ...input.runtime.registryFiles(runtimeInput(input)),
  ...loginFiles(input),
  ...proxyFiles(input),
];

/** The text of a runtime's service that gets that environment, if there is any. */
export const withProxy = (text: string, files: readonly PushEntry[]): string =>
  files.reduce((all, { path }) => all.replace("[Service]\n", `[Service]\nEnvironmentFile=-${path}\n`), text);

// $1 state folder; then the places. What is wanted is on standard input, one path per line. Prints `foreign PATH` and changes nothing when one of
// these is not ours; else `removed PATH`. The paths are noted before their files are written: a host is given back without them.
const claimScript = `
set -u
state=$1; shift
wanted=$(cat)
has() { printf '%s\\n' "$1" | grep -qxF -- "$2"; }
noted=$(cat "$state/placed.list" 2>/dev/null)
ours=$({ sed -n 's/^[0-9a-f]\\{64\\} [^ ]* [^ ]* [^ ]* [^ ]* \\(\\/.*\\)$/\\1/p' "$state/pushed.list" 2>/dev/null; printf '%s\\n' "$noted"; } | sort -u)
foreign=$(printf '%s\\n' "$wanted" | while IFS= read -r path; do
  [ "$path" ] && { [ -e "$path" ] || [ -L "$path" ]; } && ! has "$ours" "$path" && echo "foreign $path"
done)
[ "$foreign" ] && { echo "$foreign"; exit 0; }
for place; do
  printf '%s\\n' "$ours" | while IFS= read -r path; do
    case $path in "$place" | "$place"/*) ;; *) continue ;; esac
    has "$wanted" "$path" && continue
    [ -e "$path" ] || [ -L "$path" ] || continue
    rm -f -- "$path" || exit 1
    echo "removed $path"
    [ "$path" = "$place" ] || rmdir -- "\${path%/*}" 2>/dev/null || :
  done || exit 1
done
[ "$wanted" ] || exit 0
mkdir -p -- "$state" || exit 1
printf '%s\\n' "$wanted" | while IFS= read -r path; do
  has "$noted" "$path" || echo "$path" >> "$state/placed.list" || exit 1
done
`;

/**
 * Takes the paths of files about registries, before they are pushed: those of an earlier start that are no longer wanted are removed. `places` are
 * the folders and files that any runtime has for them. Idempotent, also after being killed. Rejects with REGISTRY_FILE_FOREIGN, before any
 * change, when one of the paths has a file that localkube did not write. Returns what was removed.
 */
export async function claimRegistryFiles(
  transport: Transport,
  wanted: readonly PushEntry[],
  places: readonly string[],
  c: Pick<RunContext, "signal">,
): Promise<readonly string[]> {
  const argv = ["sh", "-c", claimScript, "sh", guestPaths.state, ...places] as const;
  const { stdout } = await transport.exec(argv, {
    stdin: wanted.map(({ path }) => `${path}\n`).join(""),
    signal: c.signal,
    timeoutMs: 60_000,
  });
  const said = (word: string): readonly string[] =>
    stdout.split("\n").flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const [path] = said("foreign");
  if (path !== undefined)
    throw new LocalkubeError("REGISTRY_FILE_FOREIGN", { host: transport.endpoint.host, path });
  return said("removed");
}
