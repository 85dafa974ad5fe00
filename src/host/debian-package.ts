/** Debian package of each host program that localkube itself may need, by program name; a driver names its own when it is probed. */
const packageOfProgram: Readonly<Record<string, readonly string[]>> = {
  mmdebstrap: ["mmdebstrap"],
  ssh: ["openssh-client"],
  scp: ["openssh-client"],
  sshd: ["openssh-server"],
  ip: ["iproute2"],
  iptables: ["iptables"],
  nft: ["nftables"],
  unshare: ["util-linux"],
  tar: ["tar"],
  xz: ["xz-utils"],
  zstd: ["zstd"],
  "qemu-img": ["qemu-utils"],
  sfdisk: ["fdisk"],
  mke2fs: ["e2fsprogs"],
};

/** Packages that contain the programs; a program that is not in the table is assumed to be in a package of the same name. */
export function debianPackages(programs: readonly string[]): readonly string[] {
  return [...new Set(programs.flatMap((program) => packageOfProgram[program] ?? [program]))];
}
