import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import type { HostContext } from "../../src/contract/host.ts";
import { probeBoot } from "./probe-boot.ts";
import { QemuError } from "./errors.ts";

const accelerators = ["kvm", "hvf", "whpx", "tcg"] as const;
export interface Accelerator {
  readonly name: (typeof accelerators)[number];
  /** Why it is emulated, if it is. */
  readonly reason?: string;
}

type Host = Pick<HostContext, "platform" | "arch" | "env" | "run" | "cacheDir">;
const variable = "LOCALKUBE_QEMU_ACCEL";

/**
 * The accelerator that runs guests at native processor speed here, or `tcg` with the reason why there is none. What the host claims to have
 * must also boot a guest (`probeBoot`). Writes nothing but the cached result of that.
 */
export async function accelerator(host: Host): Promise<Accelerator> {
  const wanted = host.env[variable];
  if (wanted) {
    const name = accelerators.find((known) => known === wanted);
    if (!name) throw new QemuError("QEMU_ACCEL_UNKNOWN", { value: wanted, known: accelerators.join(", ") });
    return name === "tcg" ? { name, reason: `${variable} says so` } : { name };
  }
  const said = await whatHostSays(host);
  if (said.name === "tcg") return said;
  const problem = await probeBoot(said.name, host);
  return problem === undefined
    ? said
    : { name: "tcg", reason: `${said.name} is there but fails: ${problem}` };
}

async function whatHostSays(host: Host): Promise<Accelerator> {
  if (host.platform === "linux") return onLinux(host);
  if (host.platform === "darwin") return onMac(host);
  return { name: "whpx" };
}

async function onLinux({ arch }: Host): Promise<Accelerator> {
  const problem = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? "error",
  );
  if (problem === "EACCES")
    return { name: "tcg", reason: "this user may not open /dev/kvm (join the group kvm)" };
  if (problem !== undefined) return { name: "tcg", reason: "there is no /dev/kvm" };
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  if (arch === "arm64" || hasVirtualization(text)) return { name: "kvm" };
  // Paravirtualized hosts have the device file, but a stock kernel hangs in such a guest while it unpacks itself.
  return { name: "tcg", reason: "there is /dev/kvm, but the processor has neither vmx nor svm" };
}

export const hasVirtualization = (cpuinfo: string): boolean => /^flags\s*:.*\b(?:vmx|svm)\b/m.test(cpuinfo);

async function onMac(host: Host): Promise<Accelerator> {
  const { stdout } = await host.run(["sysctl", "-n", "kern.hv_support"], {
    timeoutMs: 3000,
    allowFailure: true,
  });
  return stdout.trim() === "1"
    ? { name: "hvf" }
    : { name: "tcg", reason: "this Mac has no Hypervisor framework" };
}
