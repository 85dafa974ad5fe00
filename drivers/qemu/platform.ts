import type { HostContext } from "../../src/contract/host.ts";

/** What differs between processor architectures, as data. */
export interface Platform {
  readonly program: string;
  /** Alias of the machine type whose version is pinned when a machine is created. */
  readonly machineAlias: string;
  /** Without features that guests assume to be fast but emulation makes slow: `rep movsb` copies byte by byte. */
  readonly emulatedCpu: string;
  /**
   * For a kernel that QEMU loads. Linux distrusts the time stamp counters of several CPUs without a "constant TSC", which emulation does not
   * offer, and reads the HPET instead: each look at the clock is then a system call and a device access under QEMU's global lock. Emulated
   * counters all derive from one clock.
   */
  readonly emulatedKernelOptions: readonly string[];
  /** Debian packages that contain program and firmware. */
  readonly packages: readonly string[];
  /** Firmware where the machine has none of its own; the first that exists. */
  readonly firmware: readonly string[];
  /** A firmware that powers the machine off immediately, QEMU's exit code in that case, and the device it needs; see `probeBoot`. */
  readonly probe: {
    readonly firmware: () => Uint8Array;
    readonly exitCode: number;
    readonly options: readonly string[];
  };
}

/** The reset vector of x86, 16 bytes below 4 GiB: mov dx,0xf4; mov al,0x10; out dx,al; hlt. The device ends QEMU with 2 × 0x10 + 1. */
const x86Firmware = (): Uint8Array => {
  const rom = new Uint8Array(65_536).fill(0xf4);
  rom.set([0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xf4, 0xeb, 0xfd], rom.length - 16);
  return rom;
};

/** PSCI's SYSTEM_OFF: movz w0,#8; movk w0,#0x8400,lsl #16; hvc #0; b . */
const armFirmware = (): Uint8Array =>
  new Uint8Array(new Uint32Array([0x52800100, 0x72b08000, 0xd4000002, 0x14000000]).buffer);

export const platforms: Readonly<Record<HostContext["arch"], Platform>> = {
  amd64: {
    program: "qemu-system-x86_64",
    machineAlias: "q35",
    emulatedCpu: "max,erms=off,fsrm=off",
    emulatedKernelOptions: ["tsc=reliable"],
    packages: ["qemu-system-x86", "qemu-utils"],
    firmware: [],
    probe: {
      firmware: x86Firmware,
      exitCode: 33,
      options: ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
    },
  },
  arm64: {
    program: "qemu-system-aarch64",
    machineAlias: "virt",
    emulatedCpu: "max",
    emulatedKernelOptions: [],
    packages: ["qemu-system-arm", "qemu-efi-aarch64", "qemu-utils"],
    firmware: [
      "/usr/share/AAVMF/AAVMF_CODE.fd",
      "/opt/homebrew/share/qemu/edk2-aarch64-code.fd",
      "/usr/local/share/qemu/edk2-aarch64-code.fd",
    ],
    probe: { firmware: armFirmware, exitCode: 0, options: [] },
  },
};

/**
 * The newest version of our machine type that this QEMU supports, such as `pc-q35-7.2`: a machine keeps the version it was created with,
 * because memory saved by one version loads only into the same version.
 */
export async function machineType(host: Pick<HostContext, "run" | "arch">): Promise<string> {
  const { program, machineAlias } = platforms[host.arch];
  const { stdout } = await host.run([program, "-machine", "help"], { timeoutMs: 10_000 });
  return versionOf(stdout, machineAlias);
}

/** Parses `q35   Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)`; the alias itself where the list names nothing else. */
export const versionOf = (list: string, alias: string): string =>
  new RegExp(`^${alias}\\s.*\\(alias of (\\S+)\\)`, "m").exec(list)?.[1] ?? alias;
