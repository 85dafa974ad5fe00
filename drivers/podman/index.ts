import { access } from "node:fs/promises";
import { findProgram } from "../../src/host/find-program.ts";
import { containerDriver } from "../container/container-driver.ts";

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

/** Container machines by podman: no daemon, starts in two seconds. */
export default containerDriver({
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
  // Debian's podman only recommends both, so an installation without recommendations has a podman whose networks fail at the start.
  missing: async (host) => {
    const there = await Promise.allSettled(netavark.map((file) => access(file)));
    if (there.every(({ status }) => status === "rejected")) return "netavark, which makes podman's networks";
    return (await findProgram("iptables", host)) ? undefined : "iptables, which podman's networks need";
  },
  forksContainers: true,
  // podman's own systemd mode binds the host's whole name=systemd hierarchy into the container on cgroup v1: two machines then share
  // their service cgroups, and the second one's pods never start (seen with podman 4.3 on a hybrid host). A private cgroup namespace
  // with the pieces systemd asks for (systemd.io/CONTAINER_INTERFACE) works on both versions.
  initOptions: [
    "--systemd=false",
    ...["--tmpfs", "/run:exec", "--tmpfs", "/tmp:exec"],
    ...["--stop-signal", "SIGRTMIN+3", "--env", "container=podman"],
  ],
  networkOptions: ["--disable-dns"],
  killOptions: ["--time", "0"],
  cgroupFormat: "{{.State.CgroupPath}}",
  imagePrefix: "localhost/",
});
