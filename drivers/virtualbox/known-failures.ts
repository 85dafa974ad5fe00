import type { HostContext } from "../../src/contract/host.ts";
import { wordsFrom } from "./vboxmanage.ts";
import { VirtualBoxError } from "./errors.ts";

/** Where the administrator can allow more networks for host-only adapters (from 6.1.28 on Linux, Solaris and macOS). */
export const networksConf = "/etc/vbox/networks.conf";

interface KnownFailure {
  readonly said: RegExp;
  readonly only?: NodeJS.Platform;
  readonly problem: string;
  readonly fix: string;
}

/** What VirtualBox prints or logs, what that means, and the one thing that helps. The first match counts. */
const knownFailures: readonly KnownFailure[] = [
  {
    said: /VERR_VMX_IN_VMX_ROOT_MODE|VERR_SVM_IN_USE|VERR_VMX_MSR_LOCKED_OR_DISABLED_IN_USE/,
    problem: "another hypervisor holds the processor's virtualization",
    fix: "End its machines, or on Linux free it: sudo modprobe -r kvm_intel kvm_amd",
  },
  {
    said: /VERR_VMX_NO_VMX|VERR_SVM_NO_SVM|VERR_VMX_MSR_|VERR_SVM_DISABLED|VERR_VMX_DISABLED/,
    problem: "the processor's virtualization (VT-x, AMD-V) is missing or switched off",
    fix: "Switch it on in the firmware's set-up (often called Intel Virtualization Technology or SVM)",
  },
  {
    said: /VERR_NEM_(?:VM_CREATE_FAILED|NOT_AVAILABLE|NOT_ENABLED|INIT_FAILED)|WHvCapability/,
    problem:
      "Windows' own hypervisor (Hyper-V, WSL 2, memory integrity) holds the processor's virtualization",
    fix: "As administrator: bcdedit /set hypervisorlaunchtype off, then restart Windows",
  },
  {
    said: /VBoxHardening|VERR_SUPLIB_|VERR_SUP_VP_|supR3Hardened/,
    problem: "VirtualBox refuses to run beside altered system libraries",
    fix: "Make an exception for VirtualBox in the antivirus program, or reinstall VirtualBox",
  },
  {
    // Only versions before 7.0 have one. NS_ERROR_FAILURE, which is printed with it, is the code of any failure.
    said: /rc=-1908\b|kernel driver not (?:installed|accessible)|VERR_VM_DRIVER_NOT_(?:INSTALLED|ACCESSIBLE)/i,
    only: "darwin",
    problem: "macOS blocks VirtualBox' kernel extension",
    fix: "Allow 'Oracle America, Inc.' in System Settings, Privacy & Security, then restart the Mac",
  },
  {
    said: /vboxdrv kernel module is not loaded|\/dev\/vboxdrv|VERR_VM_DRIVER_(?:NOT_INSTALLED|LOAD_ERROR|NOT_ACCESSIBLE|VERSION_MISMATCH)/,
    problem: "its kernel module vboxdrv is not loaded or not of this version",
    fix: "sudo /sbin/vboxconfig",
  },
  {
    said: /\/dev\/vboxnetctl|VBoxNetAdpCtl.*(?:No such file|No such device)/,
    problem: "its kernel module vboxnetadp, which makes host-only adapters, is not loaded",
    fix: "sudo modprobe vboxnetadp",
  },
  {
    said: /INTNET_FLT_IF_NOT_FOUND|INTNET_FLT_IF_FAILED/,
    problem: "the adapter exists, but VirtualBox' network filter is not bound to it",
    fix: "Restart this host, or on Windows disable and enable the adapter in the network settings",
  },
  {
    said: /E_ACCESSDENIED[\s\S]*(?:EnableStaticIPConfig|hostonlyif|IHostNetworkInterface)|not in the allowed ranges|outside the allowed range/i,
    problem: "the address is outside of what VirtualBox allows for host-only networks",
    fix: `Allow it in ${networksConf}: * 192.168.56.0/21`,
  },
  {
    said: /Host-only adapters are no longer supported/,
    problem: "this version has no host-only adapters on macOS",
    fix: "Update localkube, which uses host-only networks there",
  },
];

/** The known failure in VirtualBox' message or log; undefined when it is an unknown one. */
const knownFailure = (words: string, { platform }: Pick<HostContext, "platform">): KnownFailure | undefined =>
  knownFailures.find(({ said, only }) => said.test(words) && (only === undefined || only === platform));

/** VIRTUALBOX_BLOCKED when the failure is a known one, otherwise the error unchanged. `action`: "make a host-only adapter". */
export function explained(
  error: unknown,
  action: string,
  host: Pick<HostContext, "platform">,
  log = "",
): Error {
  const output = wordsFrom(error);
  const known = knownFailure(output, host) ?? knownFailure(log, host);
  if (known)
    return new VirtualBoxError(
      "VIRTUALBOX_BLOCKED",
      { action, problem: known.problem, fix: known.fix },
      { cause: error, output },
    );
  return error instanceof Error ? error : new Error(String(error));
}
