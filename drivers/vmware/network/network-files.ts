import { join } from "node:path";
import type { HostContext } from "../../../src/contract/host.ts";
import { vmwarePath } from "../install/vmware-path.ts";

type Host = Pick<HostContext, "env" | "platform">;

interface NetworkFiles {
  readonly nat: string;
  readonly dhcp: string;
  /** ISC's format, then Apple's: with newer Fusion versions macOS assigns the addresses. */
  readonly leases: readonly string[];
}

/** Where VMware keeps the configuration of its NAT network, which is vmnet8 on every host. */
export function networkFiles(host: Host): NetworkFiles {
  const at = (path: string): string => vmwarePath(host, path);
  if (host.platform === "darwin") {
    const folder = at("/Library/Preferences/VMware Fusion/vmnet8");
    return {
      nat: join(folder, "nat.conf"),
      dhcp: join(folder, "dhcpd.conf"),
      leases: [at("/var/db/vmware/vmnet-dhcpd-vmnet8.leases"), at("/var/db/dhcpd_leases")],
    };
  }
  if (host.platform === "win32") {
    const folder = at(join(host.env["ALLUSERSPROFILE"] ?? "C:\\ProgramData", "VMware"));
    return {
      nat: join(folder, "vmnetnat.conf"),
      dhcp: join(folder, "vmnetdhcp.conf"),
      leases: [join(folder, "vmnetdhcp.leases")],
    };
  }
  const folder = at("/etc/vmware/vmnet8");
  return {
    nat: join(folder, "nat", "nat.conf"),
    dhcp: join(folder, "dhcpd", "dhcpd.conf"),
    leases: [join(folder, "dhcpd", "dhcpd.leases")],
  };
}
