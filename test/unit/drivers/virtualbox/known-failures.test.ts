import { describe, expect, test } from "vitest";
import { explained } from "../../../../drivers/virtualbox/known-failures.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";

describe("known failures", () => {
  const platform = { platform: "linux" } as const;
  test.each([
    ["VERR_VMX_IN_VMX_ROOT_MODE", "another hypervisor"],
    ["VERR_SVM_IN_USE", "another hypervisor"],
    ["VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED)", "switched off"],
    ["VT-x is not available (VERR_VMX_NO_VMX)", "missing or switched off"],
    ["AMD-V is disabled in the BIOS (or by the host OS) (VERR_SVM_DISABLED)", "switched off"],
    ["Call to WHvSetupPartition failed (VERR_NEM_VM_CREATE_FAILED)", "Hyper-V"],
    ["The virtual machine has terminated unexpectedly, see VBoxHardening.log", "altered system libraries"],
    ["VERR_SUPLIB_OWNER_NOT_ROOT", "altered system libraries"],
    ["The vboxdrv kernel module is not loaded", "vboxdrv"],
    ["/dev/vboxdrv does not exist", "vboxdrv"],
    ["failed to open /dev/vboxnetctl: No such file or directory", "vboxnetadp"],
    ["Failed to attach the network LUN (VERR_INTNET_FLT_IF_NOT_FOUND)", "filter"],
    ["Host-only adapters are no longer supported!", "macOS"],
  ])("'%s' is explained, with one fix", (words, problem) => {
    const error = new LocalkubeError("HOST_COMMAND_FAILED", { command: "x", exitCode: 1 }, { output: words });
    const known = explained(error, "start the machine x", platform) as LocalkubeError;
    expect(known.id).toBe("VIRTUALBOX_BLOCKED");
    expect(known.message).toContain(problem);
    expect(known.fix).not.toBe("");
  });

  const failed = (output: string) =>
    new LocalkubeError("HOST_COMMAND_FAILED", { command: "x", exitCode: 1 }, { output });

  test.each([
    "Kernel driver not installed (rc=-1908)",
    "The virtual machine 'x' has terminated unexpectedly during startup with exit code 1 (rc=-1908)",
    "kernel driver not accessible",
    "VERR_VM_DRIVER_NOT_INSTALLED",
  ])("'%s' means the blocked extension on a Mac alone", (output) => {
    const error = failed(output);
    expect(explained(error, "x", { platform: "darwin" }).message).toContain("kernel extension");
    expect(explained(error, "x", platform).message).not.toContain("extension");
  });

  test.each(["NS_ERROR_FAILURE (0x80004005)", "rc=-19080"])(
    "'%s' is any failure's, on a Mac too",
    (output) => {
      const error = failed(output);
      expect(explained(error, "x", { platform: "darwin" })).toBe(error);
    },
  );
});
