import { stringify } from "smol-toml";
import type { Registry, RedirectedRepository, Runtime, RuntimeInput } from "../../contract/runtime.ts";
import type { PushEntry } from "../../contract/transport.ts";

/** In place of the system's, which is also podman's. It must be there as a whole: without it an image is not found by its id. */
export const registriesFile = "/etc/crio/registries.conf";
/** Folder of certificates, one folder for each registry; there is no setting for another place. */
export const registryFolder = "/etc/containers/certs.d";

/** The first minor that can be told of another folder of drop-in files than the system's. */
const firstWithFolder = 21;
/** Gone after a reboot, as what is in it should be. */
const ownDropIns = "/run/crio/registries.conf.d";
export const systemDropIns = "/etc/containers/registries.conf.d";
const dropInsOf = (minor: number): string => (minor < firstWithFolder ? systemDropIns : ownDropIns);

/** Flags that every minor has (`getCrioFlags`), and its help leaves out. */
export const registryArguments = (minor: number): readonly string[] => [
  `--registries-conf=${registriesFile}`,
  ...(minor < firstWithFolder ? [] : [`--registries-conf-dir=${ownDropIns}`]),
];

/** Version 2 of containers-registries.conf(5), which every minor reads: at its start, and again on SIGHUP. */
export function registriesConf(registries: readonly Registry[]): string {
  const isInsecure = (host: string): boolean =>
    registries.some(({ name, insecure }) => insecure && name === host);
  const tables = registries
    .filter(({ mirrors, insecure }) => mirrors.length > 0 || insecure)
    .map(({ name, mirrors, insecure }) => ({
      prefix: name,
      location: name,
      // By HTTPS first, with any certificate, then by HTTP.
      insecure,
      ...(mirrors.length > 0
        ? {
            mirror: mirrors.map((mirror) => {
              const { protocol, host, pathname } = new URL(mirror);
              return {
                location: `${host}${pathname.replace(/\/$/, "")}`,
                insecure: protocol === "http:" || isInsecure(host),
              };
            }),
          }
        : {}),
    }));
  // As every other runtime has it, and CRI-O once had; what the user says of such a registry counts, because its name has a port.
  const onLoopback = ["127.0.0.1", "localhost"]
    .filter((host) => registries.every(({ name }) => name !== host))
    .map((host) => ({ prefix: host, location: host, insecure: true }));
  const settings = { "unqualified-search-registries": ["docker.io"] };
  return stringify({ ...settings, registry: [...onLoopback, ...tables] });
}

/** Certificates that it reads again at each pull (containers-certs.d(5)). */
export const registryFiles = ({ registries }: RuntimeInput): readonly PushEntry[] =>
  registries.flatMap(({ name, authority }): readonly PushEntry[] =>
    authority === undefined
      ? []
      : [
          {
            path: `${registryFolder}/${name}/ca.crt`,
            mode: 0o644,
            source: { kind: "text", text: authority },
          },
        ],
  );

// $1 folder of drop-in files, $2 unit. Standard input: the file up to a line `# end`, and then nothing until it is no longer wanted. What a script that
// was killed left, also one whose machine lost its power, is removed by the next.
const redirectScript = `
set -u
folder=$1 unit=$2
reload() { systemctl kill --kill-who=main --signal=HUP "$unit"; }
umask 022
mkdir -p "$folder" || exit 1
for file in "$folder"/localkube-import-*.conf; do
  pid=\${file##*-}; pid=\${pid%.conf}
  [ -e "$file" ] && [ ! -d "/proc/$pid" ] && rm -f "$file"
done
file=$folder/localkube-import-$$.conf
trap 'trap - EXIT; rm -f "$file" "$file.new"; reload' EXIT
trap 'exit 1' HUP INT TERM PIPE
while IFS= read -r line && [ "$line" != "# end" ]; do printf '%s\\n' "$line"; done > "$file.new"
[ "$line" = "# end" ] || exit 1
mv "$file.new" "$file" && reload || exit 1
echo ready
timeout 3600 cat > /dev/null
`;

/**
 * CRI-O has no command that imports an archive, and another program that writes to its store has to be of the same age. But what an image's name stands
 * for when it is pulled is a setting that it reads again on SIGHUP.
 */
export const redirectOf =
  (minor: number, unit: string): Extract<Runtime["imageImport"], { by: "pull" }>["redirect"] =>
  (repositories) => ({
    argv: ["sh", "-c", redirectScript, "sh", dropInsOf(minor), unit],
    input: `${stringify({ registry: repositories.map(redirected) })}\n# end\n`,
  });

/** A longer prefix counts before those of the cluster's own settings. */
const redirected = ({ name, location }: RedirectedRepository): object => ({
  prefix: name,
  location,
  insecure: true,
});
