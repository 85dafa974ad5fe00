import { platforms } from "../../drivers/qemu/platform.ts";

/**
 * The processor of the rigs' guests in emulation. Their kernels come from the guest's own boot loader, which nobody passes an option to. Linux
 * trusts the time stamp counters of this one (an Atom of 2008), as it trusts those that VirtualBox and VMware show a guest; those of QEMU's default
 * it does not, and asks an emulated device for the time.
 */
export const emulatedCpu = `${platforms.amd64.emulatedCpu},vendor=GenuineIntel,family=6,model=28,stepping=10`;
