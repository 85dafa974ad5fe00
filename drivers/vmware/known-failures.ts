/** A failure whose message we know, what it means, and the one thing that helps. */
export interface KnownFailure {
  readonly problem: string;
  readonly fix: string;
}

const modules: KnownFailure = {
  problem: "its kernel modules vmmon and vmnet are not loaded",
  fix: "sudo vmware-modconfig --console --install-all, then sudo systemctl restart vmware",
};
const hyperV: KnownFailure = {
  problem: "Windows' own hypervisor (Hyper-V, Credential Guard or Memory integrity) holds the processor",
  fix: "Turn it off (bcdedit /set hypervisorlaunchtype off, and Memory integrity in Windows Security), then restart Windows",
};

/** The known failure in the output of vmrun and the last lines of vmware.log; the first match counts. */
const failures: readonly (KnownFailure & { readonly words: RegExp })[] = [
  {
    words: /Could not open \/dev\/vmmon.*(?:Broken pipe|Operation not permitted)/is,
    problem: "macOS has not permitted Fusion to run virtual machines",
    fix: "Allow VMware in System Settings, Privacy & Security, then restart the Mac",
  },
  { words: /\/dev\/vmmon|vmmon module|Failed to initialize monitor device/i, ...modules },
  {
    words: /\/dev\/vmnet\d+|network bridge on device|Could not connect '?Ethernet0|vmnet\d+.*is not running/i,
    problem: "its virtual networks are not running",
    fix: "Start them: sudo vmware-networks --start (in Fusion and on Windows: restart VMware's services)",
  },
  { words: /Device\/Credential Guard|Hyper-V.*not compatible|hypervisor_launch_type/i, ...hyperV },
  {
    words:
      /VT-x is disabled|AMD-V is disabled|supports Intel VT-x, but|does not support (?:Intel VT-x|long mode)/i,
    problem: "the processor's virtualization is off",
    fix: "Turn on Intel VT-x or AMD-V (SVM) in this computer's firmware",
  },
  {
    words: /VMX root mode|AMD-V is being used|VT-x is (?:being used|not available)/i,
    problem: "another hypervisor holds the processor's virtualization",
    fix: "End the other one's machines (KVM: sudo modprobe -r kvm_intel kvm_amd), then try again",
  },
  {
    words: /Failed to lock the file|file is already in use|in use by another/i,
    problem: "another VMware program has the machine's files open",
    fix: "Close the machine in VMware's window; if none is open, remove the *.lck folders beside its disk",
  },
  {
    words: /No space left|not enough (?:disk )?space|There is no space left/i,
    problem: "the disk of this host is full",
    fix: "Free some space where localkube keeps its machines",
  },
  {
    words:
      /Not enough physical memory|memory available to allow this virtual machine|Cannot allocate memory/i,
    problem: "this host has not enough free memory for it",
    fix: "End other programs, or give it less: localkube start --memory",
  },
  {
    words: /Operation not permitted|Permission denied|Insufficient permissions?|Access(?:ing)? .* denied/i,
    problem: "VMware may not read the machine's files",
    fix: "Give VMware access to that folder (macOS: System Settings, Privacy & Security, Full Disk Access)",
  },
  {
    words:
      /configuration file .*(?:newer|more features|incompatible|not supported)|hardware version .*not supported|unsupported .*hardware version|virtual machine version/i,
    problem: "this VMware is too old for the machine",
    fix: "Install VMware Workstation 17.6 or Fusion 13.6, which are free of charge",
  },
  {
    // Not the word alone: VMware's log mentions licences even when all is well.
    words:
      /evaluation period|not licensed|\blicense\b.*\b(?:expired|required|missing|(?:in|not )valid)|(?:invalid|no valid|requires? an?)\b.*\blicense/i,
    problem: "VMware requires a licence",
    fix: "Install VMware Workstation 17.6.2 or Fusion 13.6.2 or newer, which are free of charge",
  },
];

export function knownFailure(text: string): KnownFailure | undefined {
  const found = failures.find(({ words }) => words.test(text));
  return found && { problem: found.problem, fix: found.fix };
}
