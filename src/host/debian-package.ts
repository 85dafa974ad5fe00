/** Debian package of each host program that localkube may need, by program name. */
const packageOfProgram: Readonly<Record<string, readonly string[]>> = {
  // Debian's podman only recommends the package that gives containers a network, and we do not install recommendations.
  podman: ["podman", "netavark", "aardvark-dns", "catatonit"],
  docker: ["docker.io"],
  runc: ["runc"],
  crun: ["crun"],
  mmdebstrap: ["mmdebstrap"],
  ssh: ["openssh-client"],
  scp: ["openssh-client"],
  sshd: ["openssh-server"],
  ip: ["iproute2"],
  iptables: ["iptables"],
  nft: ["nftables"],
  unshare: ["util-linux"],
  newuidmap: ["uidmap"],
  slirp4netns: ["slirp4netns"],
  "fuse-overlayfs": ["fuse-overlayfs"],
  tar: ["tar"],
  xz: ["xz-utils"],
  zstd: ["zstd"],
  "qemu-system-x86_64": ["qemu-system-x86"],
  "qemu-img": ["qemu-utils"],
  sfdisk: ["fdisk"],
  mke2fs: ["e2fsprogs"],
};

/** Packages that contain the programs; a program that is not in the table is assumed to be in a package of the same name. */
export function debianPackages(programs: readonly string[]): readonly string[] {
  return [...new Set(programs.flatMap((program) => packageOfProgram[program] ?? [program]))];
}
