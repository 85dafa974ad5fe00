import { access } from "node:fs/promises";
import { findProgram } from "../../src/host/find-program.ts";
import { containerDriver } from "../container/container-driver.ts";
import type { EngineDialect } from "../container/engine.ts";
import { clearNetworkRemains } from "./network-remains.ts";

interface PodmanInfo {
  readonly host: {
    readonly cgroupVersion: string;
    readonly networkBackend?: string;
    readonly ociRuntime: { readonly name: string };
    readonly security: { readonly rootless: boolean };
  };
  readonly version: { readonly Version: string };
}

/** Where distributions put podman's helper programs, which are not on PATH. */
const netavark = [
  "/usr/lib/podman/netavark",
  "/usr/libexec/podman/netavark",
  "/usr/local/lib/podman/netavark",
];

async function netavarkProgram(): Promise<string | undefined> {
  const there = await Promise.allSettled(netavark.map((file) => access(file)));
  return netavark.find((_file, i) => there[i]?.status === "fulfilled");
}

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** podman 4.3 is the earliest on which `--unsetenv-all` was tried. */
function hasUnsetEnv(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 4 || (major === 4 && minor >= 3);
}

export const podmanDialect: EngineDialect = {
  program: "podman",
  packages: ["podman", "runc", "netavark", "iptables"],
  addressVariable: "CONTAINER_HOST",
  infoFormat: "json",
  parseInfo: (json) => {
    const { host, version } = json as PodmanInfo;
    return {
      version: version.Version,
      rootless: host.security.rootless,
      cgroupVersion: host.cgroupVersion === "v2" ? 2 : 1,
      ociRuntime: host.ociRuntime.name,
      addressReachable: true,
    };
  },
  // Debian's podman only recommends both, so an installation without recommended packages has a podman whose networks fail at start.
  missing: async (host) => {
    if ((await netavarkProgram()) === undefined) return "netavark, which makes podman's networks";
    return (await findProgram("iptables", host)) ? undefined : "iptables, which podman's networks need";
  },
  forksContainers: true,
  // podman's own systemd mode binds the host's whole name=systemd hierarchy into the container on cgroup v1: two machines then share their
  // service cgroups, and the second one's pods never start (seen with podman 4.3 on a hybrid host). A private cgroup namespace with the
  // pieces systemd asks for (systemd.io/CONTAINER_INTERFACE) works on both versions.
  initOptions: [
    "--systemd=false",
    ...["--tmpfs", "/run:exec", "--tmpfs", "/tmp:exec"],
    ...["--stop-signal", "SIGRTMIN+3", "--env", "container=podman"],
    // What containers.conf may otherwise set for namespaces, and for the environment of whoever starts it.
    ...["--pid", "private", "--uts", "private", "--userns", "host", "--cgroups", "enabled"],
    ...["--http-proxy=false", "--read-only=false", "--umask", "0022", "--env-host=false", "--no-hosts=false"],
  ],
  // The first process is systemd, which acts on variables such as NOTIFY_SOCKET or SYSTEMD_LOG_LEVEL.
  environmentOptions: ({ version }) =>
    hasUnsetEnv(version) ? ["--unsetenv-all", "--env", `PATH=${searchPath}`] : [],
  logOptions: ["--log-driver", "k8s-file", "--log-opt", "max-size=10m"],
  networkOptions: ["--disable-dns"],
  async clearNetwork(facts, container, c) {
    const program = await netavarkProgram();
    if (program !== undefined) await clearNetworkRemains(program, facts, container, c);
  },
  remainsInTheWay: /IPAM error.*already allocated/i,
  killOptions: ["--time", "0"],
  imagePrefix: "localhost/",
};

/** Container machines run by podman: no daemon, starts in two seconds. */
export default containerDriver(podmanDialect);
