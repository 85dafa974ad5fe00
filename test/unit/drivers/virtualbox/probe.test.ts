import { describe, expect, test } from "vitest";
import { probeVirtualBox } from "../../../../drivers/virtualbox/probe.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import { type Answer, recordingHost } from "../recording-host.ts";

/** What Debian's VBoxManage 7.2.22 prints on a host without its modules. */
const debianWarning = `WARNING: The character device /dev/vboxdrv does not exist.
\t Please install the virtualbox-dkms package and the appropriate
\t headers, most likely linux-headers-v595.

\t You will not be able to start VMs until this problem is fixed.
7.2.22_Debianr175245
`;
/** The same of Oracle's packages (VBox.sh). */
const oracleWarning = `WARNING: The vboxdrv kernel module is not loaded. Either there is no module
         available for the current kernel (6.1.0-18-amd64) or it failed to
         load. Please recompile the kernel module and install it by

           sudo /sbin/vboxconfig

         You will not be able to start VMs until this problem is fixed.
7.0.26r168464
`;
const hostinfo = (answer: string) =>
  `Host Information:\n\nHost time: 2026-11-25T19:12:19.682000000Z\nProcessor online count: 8\nProcessor supports HW virtualization: ${answer}\nProcessor supports PAE: yes\n`;
const modules = (...names: string[]) =>
  names.map((name) => `${name} 696320 2 - Live 0x0000000000000000\n`).join("");

function probe(
  answers: readonly (readonly [string, Answer])[],
  host: Partial<HostContext> = {},
): ReturnType<typeof probeVirtualBox> {
  const base = recordingHost(answers, { LOCALKUBE_VBOXMANAGE: "VBoxManage", PATH: "/nowhere" }).host;
  return probeVirtualBox({ ...base, ...host });
}
const version = (text: string) => ["VBoxManage --version", { stdout: text }] as const;
const failed: Answer = { exitCode: 1 };

describe("the probe", () => {
  test("finds a good one", async () => {
    const answers = [
      version("7.2.22r175245\n"),
      ["list hostinfo", { stdout: hostinfo("yes") }],
      ["/proc/modules", { stdout: modules("vboxnetadp", "vboxdrv") }],
    ] as const;
    expect(await probe(answers)).toEqual({ usable: true, version: "7.2.22r175245" });
  });

  test("says where it comes from when it is not there", async () => {
    const found = await probe([], { env: { PATH: "/nowhere" }, platform: "darwin" });
    expect(found).toMatchObject({ usable: false, fix: "brew install --cask virtualbox" });
  });

  test.each([
    ["5.2.44r139111\n", "older than 6.1", {}],
    ["7.0.26r168464\n", "no ARM machines", { platform: "darwin", arch: "arm64" }],
  ] as const)("refuses %j", async (text, problem, host) => {
    const found = await probe([version(text)], host);
    expect(found).toMatchObject({ usable: false, problem: expect.stringContaining(problem) as unknown });
  });

  test.each([
    [
      "a module never built (Debian)",
      debianWarning,
      [
        ["modinfo", failed],
        ["uname -r", { stdout: "6.1.0-18-amd64\n" }],
      ],
      "not built",
      "sudo apt-get install -y virtualbox-dkms linux-headers-6.1.0-18-amd64",
    ],
    ["a module never built (Oracle)", oracleWarning, [["modinfo", failed]], "not built", "/sbin/vboxconfig"],
    [
      "Secure Boot",
      oracleWarning,
      [["mokutil", { stdout: "SecureBoot enabled\n" }]],
      "Secure Boot",
      "mokutil --import /var/lib/shim-signed/mok/MOK.der",
    ],
    [
      "Secure Boot, of which the firmware alone tells",
      debianWarning,
      [
        ["mokutil", failed],
        ["od -An", { stdout: "   6   0   0   0   1\n" }],
      ],
      "Secure Boot",
      "mokutil --import /var/lib/dkms/mok.pub",
    ],
    [
      "a module not loaded",
      debianWarning,
      [["mokutil", { stdout: "SecureBoot disabled\n" }]],
      "not loaded",
      "sudo modprobe vboxdrv",
    ],
  ] as const)("tells %s", async (_what, text, answers, problem, fix) => {
    const found = await probe([version(text), ...answers]);
    expect(found.usable).toBe(false);
    expect(found.problem).toContain(problem);
    expect(found.fix).toContain(fix);
  });

  test("tells that host-only adapters cannot be made", async () => {
    const found = await probe([version("7.2.22r1\n"), ["/proc/modules", { stdout: modules("vboxdrv") }]]);
    expect(found).toMatchObject({ usable: false, fix: "sudo modprobe vboxnetadp" });
  });

  test.each([
    ["7.1.12r169651", "6.12.9", "Y", true],
    ["7.2.22r175245", "6.12.9", "Y", true],
    ["7.2.22r175245", "6.18.44", "Y", false],
    ["7.1.12r169651", "6.18.44", "Y", true],
    ["7.1.12r169651", "6.12.9", "N", false],
  ] as const)(
    "of %s on Linux %s with enable_virt_at_load=%s: KVM in the way is %s",
    async (text, kernel, atLoad, isHeld) => {
      const found = await probe([
        version(`${text}\n`),
        ["/proc/modules", { stdout: modules("vboxdrv", "vboxnetadp", "kvm_intel", "kvm") }],
        ["enable_virt_at_load", { stdout: `${atLoad}\n` }],
        ["uname -r", { stdout: `${kernel}\n` }],
        ["list hostinfo", { stdout: hostinfo("yes") }],
      ]);
      expect(found.usable).toBe(!isHeld);
      if (isHeld) expect(found.fix).toBe("sudo modprobe -r kvm_intel");
    },
  );

  test("tells a processor whose virtualization is off", async () => {
    const found = await probe([version("7.2.22r1\n"), ["list hostinfo", { stdout: hostinfo("no") }]]);
    expect(found).toMatchObject({ usable: false, problem: expect.stringContaining("VT-x") as unknown });
  });

  test("tells Windows' own hypervisor, with which machines are slow", async () => {
    const answers = [
      version("7.2.22r1\r\n"),
      ["HypervisorPresent", { stdout: "True\r\n" }],
      ["list hostinfo", { stdout: hostinfo("yes") }],
    ] as const;
    const found = await probe(answers, { platform: "win32" });
    expect(found).toMatchObject({ usable: true, emulated: expect.stringContaining("bcdedit") as unknown });
  });

  // minikube #3900, #4816, #16011: VirtualBox says "no" there, and people looked for it in their firmware.
  test.each([
    ["Windows", "True", { platform: "win32" }],
    ["WSL", "not asked", { env: { LOCALKUBE_VBOXMANAGE: "VBoxManage", WSL_DISTRO_NAME: "Debian" } }],
  ] as const)(
    "blames no firmware when the hypervisor of %s hides the processor",
    async (_on, present, host) => {
      const answers = [
        version("7.2.22r1\r\n"),
        ["wslpath", { stdout: "C:\\Users\\a\n" }],
        ["HypervisorPresent", { stdout: `${present}\r\n` }],
        ["list hostinfo", { stdout: hostinfo("no") }],
      ] as const;
      const found = await probe(answers, host);
      expect(found).toMatchObject({ usable: true, emulated: expect.stringContaining("bcdedit") as unknown });
    },
  );

  test("blames the firmware of a Windows without hypervisor", async () => {
    const answers = [
      version("7.2.22r1\r\n"),
      ["HypervisorPresent", { stdout: "False\r\n" }],
      ["list hostinfo", { stdout: hostinfo("no") }],
    ] as const;
    const found = await probe(answers, { platform: "win32" });
    expect(found).toMatchObject({ usable: false, problem: expect.stringContaining("VT-x") as unknown });
  });

  test("inside WSL wants the state folder on a Windows drive", async () => {
    const env = { LOCALKUBE_VBOXMANAGE: "VBoxManage", WSL_DISTRO_NAME: "Debian" };
    const at = (path: string) =>
      probe([version("7.2.22r1\n"), ["wslpath", { stdout: `${path}\n` }]], { env });
    expect(await at("\\\\wsl.localhost\\Debian\\root\\.localkube")).toMatchObject({
      usable: false,
      fix: expect.stringContaining("LOCALKUBE_HOME=/mnt/c") as unknown,
    });
    expect(await at("C:\\Users\\a")).toMatchObject({ usable: true, emulated: expect.any(String) as unknown });
  });

  test("tells the blocked extension of a Mac", async () => {
    const found = await probe([version("6.1.50r1\n"), ["kmutil", { stdout: "" }]], { platform: "darwin" });
    expect(found).toMatchObject({
      usable: false,
      problem: expect.stringContaining("macOS blocks") as unknown,
    });
    expect(await probe([version("7.0.26r1\n")], { platform: "darwin" })).toMatchObject({ usable: true });
  });

  test("tells a damaged installation and one that hangs", async () => {
    const damaged = await probe([["--version", { exitCode: 126, stderr: "Permission denied\n" }]]);
    expect(damaged).toMatchObject({ usable: false, problem: expect.stringContaining("damaged") as unknown });
    const timeout = new LocalkubeError("HOST_COMMAND_TIMEOUT", {
      command: "VBoxManage --version",
      seconds: 3.5,
    });
    expect(await probe([["--version", timeout]])).toMatchObject({
      usable: false,
      fix: expect.stringContaining("VBoxSVC") as unknown,
    });
  });
});
