import { stringify } from "smol-toml";
import type { Registry, RuntimeInput } from "../../contract/runtime.ts";
import type { PushEntry } from "../../contract/transport.ts";

/** Folder of the registries' settings, one folder for each. */
export const registryFolder = "/etc/containerd/certs.d";

const serverOf = (name: string): string => (name === "docker.io" ? "registry-1.docker.io" : name);
const authorityFile = ({ name }: Registry): string => `${registryFolder}/${name}/ca.crt`;

/** Releases before 1.5 know no `hosts.toml`; later ones refuse a configuration with both. */
const readsHostFiles = ({ runtimeVersion }: RuntimeInput): boolean => {
  const [major = 0, minor = 0] = runtimeVersion.split(".").map(Number);
  return major > 1 || minor >= 5;
};

/** The `registry` table of the configuration (docs/cri/registry.md of each release). */
export function registryTable(input: RuntimeInput): object {
  if (readsHostFiles(input)) return { config_path: registryFolder };
  const mirrors = input.registries
    .filter(({ mirrors: list, insecure }) => list.length > 0 || insecure)
    .map((registry): [string, object] => [
      registry.name,
      { endpoint: [...registry.mirrors.map(apiAddress), ...addressesOf(registry)] },
    ]);
  const configs = input.registries.flatMap((registry): [string, object][] => {
    const { insecure, authority, name } = registry;
    if (!insecure && authority === undefined) return [];
    const trust = {
      ...(authority === undefined ? {} : { ca_file: authorityFile(registry) }),
      ...(insecure ? { insecure_skip_verify: true } : {}),
    };
    return [[serverOf(name), { tls: trust }]];
  });
  return {
    ...(mirrors.length > 0 ? { mirrors: Object.fromEntries(mirrors) } : {}),
    ...(configs.length > 0 ? { configs: Object.fromEntries(configs) } : {}),
  };
}

/** Where the registry itself is; an insecure one is asked by HTTPS first, because a password that it is given is then not readable on the way. */
const addressesOf = ({ name, insecure }: Registry): readonly string[] => [
  `https://${serverOf(name)}`,
  ...(insecure ? [`http://${serverOf(name)}`] : []),
];

/** With what every registry has before its paths, in front of the mirror's own path. */
function apiAddress(mirror: string): string {
  const { protocol, host, pathname } = new URL(mirror);
  return `${protocol}//${host}/v2${pathname.replace(/\/$/, "")}`;
}

/** What is read again at each pull: `hosts.toml` of each registry (docs/hosts.md), and certificates of authorities. */
export function registryFiles(input: RuntimeInput): readonly PushEntry[] {
  const hosts = readsHostFiles(input) ? input.registries.map((one) => hostsFile(one, input.registries)) : [];
  const authorities = input.registries.flatMap((one) =>
    one.authority === undefined ? [] : [text(authorityFile(one), one.authority)],
  );
  return [...hosts, ...authorities];
}

function hostsFile(registry: Registry, all: readonly Registry[]): PushEntry {
  const trust = (one: Registry | undefined): object => ({
    ...(one?.authority === undefined ? {} : { ca: authorityFile(one) }),
    ...(one?.insecure ? { skip_verify: true } : {}),
  });
  const mirrors = registry.mirrors.map((mirror): [string, object] => {
    const { protocol, host, pathname } = new URL(mirror);
    const own = protocol === "https:" ? trust(all.find(({ name }) => name === host)) : {};
    const path = pathname === "/" ? {} : { override_path: true };
    return [pathname === "/" ? mirror : apiAddress(mirror), { capabilities, ...path, ...own }];
  });
  const [secure = "", plain] = addressesOf(registry);
  // The last one is tried when all others have failed. Releases up to 1.7 refuse a file without any table of a host.
  const content = {
    server: plain ?? secure,
    host: Object.fromEntries([...mirrors, [secure, { capabilities, ...trust(registry) }]]),
  };
  return text(`${registryFolder}/${registry.name}/hosts.toml`, stringify(content));
}

const capabilities = ["pull", "resolve"];

const text = (path: string, content: string): PushEntry => ({
  path,
  mode: 0o644,
  source: { kind: "text", text: content.endsWith("\n") ? content : `${content}\n` },
});
