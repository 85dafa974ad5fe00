/** Debian package of each host program localkube may need, by the program's name. */
const packageOfProgram: Readonly<Record<string, readonly string[]>> = {
  // Debian's podman only recommends what gives containers a network, and we install no recommendations.
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

/** Packages that bring the programs; a program not in the table is taken for a package of its own name. */
export function debianPackages(programs: readonly string[]): readonly string[] {
  return [...new Set(programs.flatMap((program) => packageOfProgram[program] ?? [program]))];
}
