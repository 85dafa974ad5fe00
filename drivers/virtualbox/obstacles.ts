import type { HostContext } from "../../src/contract/host.ts";
import { atLeast, isWsl, type Version } from "./installation.ts";
import { parseBlocks } from "./output.ts";

/** Why VirtualBox cannot be used, and the one thing that helps. */
export interface Obstacle {
  readonly problem: string;
  readonly fix: string;
}

const timeoutMs = 1000;
const secureBoot = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

type Host = Pick<HostContext, "run">;

/** Why vboxdrv, which VBoxManage warns about, is not loaded: never built, refused by Secure Boot, or just not loaded. */
export async function missingModule(warnings: string, host: Host): Promise<Obstacle> {
  const packaged = warnings.includes("virtualbox-dkms");
  if ((await say(host, "/sbin/modinfo", "vboxdrv")) === undefined) {
    const kernel = (await say(host, "uname", "-r"))?.trim() ?? "$(uname -r)";
    return {
      problem: "VirtualBox' kernel module vboxdrv is not built for the running kernel",
      fix: packaged
        ? `sudo apt-get install -y virtualbox-dkms linux-headers-${kernel}`
        : "Install the headers of the running kernel, then: sudo /sbin/vboxconfig",
    };
  }
  if (await hasSecureBoot(host))
    return {
      problem: "Secure Boot refuses VirtualBox' kernel module vboxdrv, whose key it does not know",
      fix: `sudo mokutil --import ${packaged ? "/var/lib/dkms/mok.pub" : "/var/lib/shim-signed/mok/MOK.der"}, then restart and enroll the key`,
    };
  return { problem: "VirtualBox' kernel module vboxdrv is not loaded", fix: "sudo modprobe vboxdrv" };
}

async function hasSecureBoot(host: Host): Promise<boolean> {
  const said = await say(host, "mokutil", "--sb-state");
  if (said !== undefined) return /SecureBoot enabled/.test(said);
  // The variable's last byte; four bytes of attributes precede it.
  return /1\s*$/.test((await say(host, "od", "-An", "-t", "u1", secureBoot)) ?? "");
}

/** What is in the way although vboxdrv is loaded. If it is not loaded, nothing else is checked. */
export async function linuxProblem(version: Version, host: Host): Promise<Obstacle | undefined> {
  const modules = (await say(host, "cat", "/proc/modules")) ?? "";
  const isLoaded = (name: string): boolean => new RegExp(`^${name} `, "m").test(modules);
  if (!isLoaded("vboxdrv")) return undefined;
  if (!isLoaded("vboxnetadp"))
    return {
      problem: "the kernel module vboxnetadp, which makes host-only adapters, is not loaded",
      fix: "sudo modprobe vboxnetadp",
    };
  const kvm = ["kvm_intel", "kvm_amd"].find(isLoaded);
  return kvm !== undefined && (await kvmHolds(version, host))
    ? {
        problem: `KVM (${kvm}) holds the processor's virtualization from when it was loaded`,
        fix: `sudo modprobe -r ${kvm}`,
      }
    : undefined;
}

/** Kernels from 6.12 reserve VT-x for KVM as soon as it is loaded; VirtualBox 7.2 can ask KVM for it from 6.16 on. */
async function kvmHolds(version: Version, host: Host): Promise<boolean> {
  const atLoad = await say(host, "cat", "/sys/module/kvm/parameters/enable_virt_at_load");
  if (atLoad?.trim() !== "Y") return false;
  const [major = 0, minor = 0] = ((await say(host, "uname", "-r")) ?? "").split(".").map(Number);
  const canAsk = major > 6 || (major === 6 && minor >= 16);
  return !(canAsk && atLeast(version, "7.2"));
}

/** The program's output; undefined when it is missing, fails, or takes too long. */
const say = (host: Host, ...argv: [string, ...string[]]): Promise<string | undefined> =>
  host.run(argv, { timeoutMs, allowFailure: true }).then(
    ({ exitCode, stdout }) => (exitCode === 0 ? stdout : undefined),
    () => undefined,
  );

/**
 * VirtualBox itself reports whether the processor's virtualization is available: it no longer emulates any. An answer that takes too long
 * (VBoxSVC is starting) is no obstacle. ARM hosts always have it.
 */
export async function processorProblem(
  program: string,
  { run, arch }: Pick<HostContext, "run" | "arch">,
): Promise<Obstacle | undefined> {
  if (arch === "arm64") return undefined;
  const said = await run([program, "list", "hostinfo"], { timeoutMs, allowFailure: true }).catch(
    () => undefined,
  );
  const [info] = parseBlocks(said?.stdout ?? "", "Processor supports HW virtualization");
  if (info?.get("Processor supports HW virtualization") !== "no") return undefined;
  return {
    problem: "the processor's virtualization (VT-x, AMD-V) is missing or switched off",
    fix: "Switch it on in the firmware's set-up (often called Intel Virtualization Technology or SVM)",
  };
}

const bundle = "org.virtualbox.kext.VBoxDrv";

/** VirtualBox before 7.0 needs a kernel extension on macOS, which the user must have allowed. */
export async function blockedExtension({ run }: Pick<HostContext, "run">): Promise<Obstacle | undefined> {
  const argv = ["kmutil", "showloaded", "--bundle-identifier", bundle] as const;
  const said = await run([...argv], { timeoutMs, allowFailure: true }).catch(() => undefined);
  if (said === undefined || said.stdout.includes(bundle)) return undefined;
  return {
    problem: "macOS blocks VirtualBox' kernel extension",
    fix: "Allow 'Oracle America, Inc.' in System Settings, Privacy & Security, then restart the Mac",
  };
}

const powershellMs = 4000;
const question = "(Get-CimInstance -ClassName Win32_ComputerSystem).HypervisorPresent";

/**
 * Why machines would be slow on this Windows: its own hypervisor holds the processor's virtualization and VirtualBox runs on top of it.
 * Undefined when it does not, and on other systems. Inside WSL 2 it always does.
 */
export async function windowsHypervisor({
  run,
  platform,
  env,
}: Pick<HostContext, "run" | "platform" | "env">): Promise<string | undefined> {
  const wsl = platform === "linux" && isWsl(env);
  if (platform !== "win32" && !wsl) return undefined;
  const argv = ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", question] as const;
  const said = wsl
    ? "True"
    : await run([...argv], { timeoutMs: powershellMs, allowFailure: true }).then(
        ({ stdout }) => stdout.trim(),
        () => "",
      );
  return said === "True"
    ? "Hyper-V (or WSL 2, or memory integrity) holds the processor's virtualization; as administrator: bcdedit /set hypervisorlaunchtype off, then restart Windows"
    : undefined;
}
