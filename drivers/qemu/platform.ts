import type { HostContext } from "../../src/contract/host.ts";

/** What differs between processor architectures, as data. */
export interface Platform {
  readonly program: string;
  /** Alias of the machine type whose version is pinned when a machine is made. */
  readonly machineAlias: string;
  /** Without features that a guest takes for fast and emulation makes slow: `rep movsb` copies byte by byte. */
  readonly emulatedCpu: string;
  /** Debian packages that bring program and firmware. */
  readonly packages: readonly string[];
  /** Firmware where the machine has none of its own; first one that is there. */
  readonly firmware: readonly string[];
  readonly consoleName: string;
}

export const platforms: Readonly<Record<HostContext["arch"], Platform>> = {
  amd64: {
    program: "qemu-system-x86_64",
    machineAlias: "q35",
    emulatedCpu: "max,erms=off,fsrm=off",
    packages: ["qemu-system-x86", "qemu-utils"],
    firmware: [],
    consoleName: "ttyS0",
  },
  arm64: {
    program: "qemu-system-aarch64",
    machineAlias: "virt",
    emulatedCpu: "max",
    packages: ["qemu-system-arm", "qemu-efi-aarch64", "qemu-utils"],
    firmware: [
      "/usr/share/AAVMF/AAVMF_CODE.fd",
      "/opt/homebrew/share/qemu/edk2-aarch64-code.fd",
      "/usr/local/share/qemu/edk2-aarch64-code.fd",
    ],
    consoleName: "ttyAMA0",
  },
};
