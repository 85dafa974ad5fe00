import type { ArchiveName, LocalFile } from "../../contract/artifact.ts";
import type { PushEntry } from "../../contract/transport.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { fileEntry } from "../node/push-entries.ts";

/** An archive in the guest that has to be unpacked there. */
export interface GuestArchive {
  readonly name: ArchiveName;
  readonly entry: PushEntry;
  readonly sha256: string;
  /** Folder of the guest that gets the members. */
  readonly target: string;
  /** Leading folders of the members' names to leave out. */
  readonly strip: number;
  /** Only these leave the archive: programs, by file name. */
  readonly members: readonly string[];
}

const plugins =
  "bandwidth bridge dhcp dummy firewall host-device host-local ipvlan loopback macvlan portmap ptp sbr static tap tuning vlan vrf";

/** What we need from upstream's release archives (names in them begin with a folder, except crictl's and the plugins'). */
const contents: Readonly<
  Record<Exclude<ArchiveName, "runc">, Pick<GuestArchive, "target" | "strip" | "members">>
> = {
  etcd: { target: guestPaths.bin, strip: 1, members: ["etcd", "etcdctl"] },
  containerd: {
    target: guestPaths.bin,
    strip: 1,
    members: ["containerd", "containerd-shim-runc-v2", "ctr"],
  },
  "cni-plugins": { target: guestPaths.cniBin, strip: 0, members: plugins.split(" ") },
  crictl: { target: guestPaths.bin, strip: 0, members: ["crictl"] },
};

/** The archive's place and content; runc is released as a bare program and needs no unpacking. */
export const guestArchive = (name: Exclude<ArchiveName, "runc">, archive: LocalFile): GuestArchive => ({
  name,
  sha256: archive.sha256,
  entry: fileEntry(`${guestPaths.programs}/${name}.tar.gz`, archive),
  ...contents[name],
});
