import { containerDriver } from "../container/container-driver.ts";

interface PodmanInfo {
  readonly host: {
    readonly cgroupVersion: string;
    readonly ociRuntime: { readonly name: string };
    readonly security: { readonly rootless: boolean };
  };
  readonly version: { readonly Version: string };
}

/** Container machines by podman: no daemon, starts in two seconds. */
export default containerDriver({
  program: "podman",
  packages: ["podman", "runc", "netavark", "iptables"],
  infoFormat: "json",
  parseInfo: (json) => {
    const { host, version } = json as PodmanInfo;
    return {
      version: version.Version,
      rootless: host.security.rootless,
      cgroupVersion: host.cgroupVersion === "v2" ? 2 : 1,
      ociRuntime: host.ociRuntime.name,
    };
  },
  initOptions: ["--systemd=always"],
  networkOptions: ["--disable-dns"],
  imagePrefix: "localhost/",
});
