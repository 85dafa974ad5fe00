import { parse, stringify } from "smol-toml";
import type { OciHandler, RuntimeInput, SettingsInForce } from "../../contract/runtime.ts";
import type { PushEntry } from "../../contract/transport.ts";
import { limitedProgram, limitedScript } from "../limited-runtime.ts";
import { lostSettings } from "../lost-settings.ts";
import { registriesConf, registriesFile } from "./registries.ts";

/** After those of a package, so that ours counts. */
export const dropIn = "/etc/crio/crio.conf.d/90-localkube.conf";
/** Which signatures images need. A file of its own: the system's is also podman's. */
export const policyFile = "/etc/crio/policy.json";
/** Images and containers. Not /var/lib/containers, which is also podman's. */
const storageFolder = "/var/lib/crio/storage";
export const runFolder = "/run/crio";
export const socket = "/run/crio/crio.sock";

/** The first minor whose handlers have settings of conmon, in place of those for all. */
const firstWithMonitors = 24;
/** The first one that has the command `status`; before, that was another program. */
const firstWithStatus = 28;

const minorOf = ({ runtimeVersion }: RuntimeInput): number => Number(runtimeVersion.split(".")[1] ?? 0);

/** Keys of docs/crio.conf.5.md, and those of handlers about conmon of `crio config`; test/fixtures/runtimes/cri-o-keys.json says which minor has which. */
function tree(input: RuntimeInput): object {
  const { pauseImage, cgroupDriver, cniBinDir, defaultHandler } = input;
  const hasMonitors = minorOf(input) >= firstWithMonitors;
  // With cgroupfs, CRI-O puts conmon into the pod's cgroup or nowhere.
  const conmonCgroup = cgroupDriver === "systemd" ? "system.slice" : "pod";
  const handlers: readonly Pick<OciHandler, "name" | "path">[] = [
    { name: "runc", path: "" },
    ...input.handlers,
  ];
  return {
    crio: {
      root: storageFolder,
      runroot: `${runFolder}/storage`,
      storage_driver: "overlay",
      api: { listen: socket },
      runtime: {
        default_runtime: defaultHandler,
        cgroup_manager: cgroupDriver,
        ...(hasMonitors ? {} : { conmon_cgroup: conmonCgroup }),
        // A folder for CRI-O alone: clearing it touches nobody else's namespaces.
        namespaces_dir: `${runFolder}/namespaces`,
        runtimes: Object.fromEntries(
          handlers.map((one) => [
            one.name,
            handler(one, input, hasMonitors ? { monitor_cgroup: conmonCgroup } : {}),
          ]),
        ),
      },
      image: { pause_image: pauseImage, signature_policy: policyFile },
      network: { network_dir: "/etc/cni/net.d", plugin_dirs: [cniBinDir] },
    },
  };
}

/** A program that is a shim of its own serves the API of shims (`vm`), as Kata does. */
const isShim = ({ path }: Pick<OciHandler, "path">): boolean => /\/containerd-shim-[^/]+$/.test(path);

/** runc is found in PATH; so are conmon and pinns, wherever a package or the bundle has put them. */
function handler(
  one: Pick<OciHandler, "name" | "path">,
  { restrictOomScoreAdj }: RuntimeInput,
  monitor: object,
): object {
  const { name, path } = one;
  // Not /run/runc, where podman has its own containers.
  const runtime_root = `${runFolder}/oci/${name}`;
  if (isShim(one))
    return {
      runtime_type: "vm",
      runtime_path: path,
      runtime_root,
      privileged_without_host_devices: true,
    };
  const runtime_path = restrictOomScoreAdj ? limitedProgram(name) : path;
  return {
    runtime_type: "oci",
    ...(runtime_path === "" ? {} : { runtime_path }),
    runtime_root,
    ...monitor,
  };
}

const text = (path: string, mode: number, content: string): PushEntry => ({
  path,
  mode,
  source: { kind: "text", text: content },
});

/** What every image may be: there are no signatures to check (containers-policy.json(5)). */
const policy = { default: [{ type: "insecureAcceptAnything" }] };

export const configurationFiles = (input: RuntimeInput): readonly PushEntry[] => [
  text(dropIn, 0o644, stringify(tree(input))),
  text(policyFile, 0o644, `${JSON.stringify(policy, null, 2)}\n`),
  text(registriesFile, 0o644, registriesConf(input.registries)),
  ...(input.restrictOomScoreAdj
    ? [{ name: "runc", path: "runc" }, ...input.handlers]
        .filter((one) => !isShim(one))
        .map(({ name, path }) => text(limitedProgram(name), 0o755, limitedScript(path)))
    : []),
];

/** The daemon prints what it runs with, as TOML; over HTTP on its socket, too, which older releases have no command for. */
export const settingsOf = (minor: number): SettingsInForce => ({
  ask:
    minor >= firstWithStatus
      ? ["crio", "status", "--socket", socket, "config"]
      : ["sh", "-c", `printf 'GET /config HTTP/1.0\\r\\n\\r\\n' | socat -t 30 - UNIX-CONNECT:${socket}`],
  lost: (input, { printed }) => lostSettings(tree(input), parse(withoutHeader(printed))),
});

const withoutHeader = (printed: string): string =>
  printed.startsWith("HTTP/") ? printed.slice(printed.indexOf("\r\n\r\n") + 4) : printed;
