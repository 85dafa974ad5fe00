import { access, readFile } from "node:fs/promises";
import type { Probe } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { findProgram } from "../../src/host/find-program.ts";
import {
  findVmware,
  type Installation,
  installedVersion,
  installHint,
  isOlder,
  oldestSupported,
  vmwarePath,
} from "./installation.ts";
import { type KnownFailure, knownFailure } from "./known-failures.ts";
import { natNetwork } from "./nat-network.ts";
import { runningIn, vmrun } from "./vmrun.ts";

const listMs = 2500;

/** Whether VMware is installed, complete, permitted and has its NAT network. */
export async function probeVmware(host: HostContext): Promise<Probe> {
  if (host.arch === "arm64" && host.platform !== "darwin")
    return {
      usable: false,
      problem: "VMware Workstation supports x86 processors only",
      fix: "Use another driver: localkube start --driver qemu",
    };
  const found = await findVmware(host);
  if (!found) return { usable: false, ...installHint(host.platform) };
  const version = await installedVersion(host, found).catch(() => undefined);
  const shown = version === undefined ? {} : { version: labelled(version, found) };
  const failure = await whatFails(host, found);
  return failure ? { usable: false, ...shown, ...failure } : { usable: true, ...shown };
}

/** The probe's result has no field for a warning: it is appended to the version. */
const labelled = (version: string, { product }: Installation): string =>
  isOlder(product, version) ? `${version} (older than ${oldestSupported(product)}: may not work)` : version;

async function whatFails(host: HostContext, found: Installation): Promise<KnownFailure | undefined> {
  const { fix } = installHint(host.platform);
  if (!found.diskManager)
    return { problem: "vmware-vdiskmanager is not there, without which no disk can be made", fix };
  if (!(await findProgram("qemu-img", host)))
    return {
      problem: "qemu-img is not there, by which the machine's disk is converted",
      fix:
        host.platform === "linux"
          ? "sudo apt-get install -y qemu-utils"
          : "Install QEMU (macOS: brew install qemu)",
    };
  return (
    (host.platform === "linux" ? await failureOnLinux(host) : undefined) ??
    (await failureOfList(host)) ??
    (await failureOfNetwork(host))
  );
}

/** Read from the devices themselves: `vmrun list` answers without them. */
async function failureOnLinux(host: HostContext): Promise<KnownFailure | undefined> {
  const cpuinfo = await readFile(vmwarePath(host, "/proc/cpuinfo"), "utf8").catch(() => "");
  if (!/^flags\s*:.*\b(?:vmx|svm)\b/m.test(cpuinfo))
    return {
      problem:
        "the processor has neither vmx nor svm, or this computer is itself a virtual machine without them",
      fix: "Turn on Intel VT-x or AMD-V (SVM) in the firmware, or nested virtualization in the outer hypervisor",
    };
  for (const device of ["/dev/vmmon", "/dev/vmnet8"]) {
    const missing = await access(vmwarePath(host, device)).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (missing !== undefined) return knownFailure(`Could not open ${device}`);
  }
  return undefined;
}

async function failureOfList(host: HostContext): Promise<KnownFailure | undefined> {
  try {
    const { ok, text } = await vmrun(["list"], { host, signal: AbortSignal.timeout(listMs + 500) }, listMs);
    if (ok) return void runningIn(text);
    return (
      knownFailure(text) ?? {
        problem: `vmrun list says: ${text}`,
        fix: "Start VMware once by hand and answer what it asks",
      }
    );
  } catch (error) {
    const problem = `vmrun list: ${(error as Error).message}`;
    return {
      problem,
      fix: "Restart VMware's services (Linux: sudo systemctl restart vmware), or the computer",
    };
  }
}

async function failureOfNetwork(host: HostContext): Promise<KnownFailure | undefined> {
  try {
    await natNetwork(host);
    return undefined;
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    return { problem: error.message, fix: error.fix };
  }
}
