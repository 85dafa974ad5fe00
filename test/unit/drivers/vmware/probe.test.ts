import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findVmware, isOlder, versionIn } from "../../../../drivers/vmware/installation.ts";
import { probeVmware } from "../../../../drivers/vmware/probe-vmware.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import { type FakeVmware, fakeVmware } from "./fake-vmware.ts";

let fake: FakeVmware;
beforeEach(() => {
  fake = fakeVmware();
});
afterEach(() => fake.dispose());
const probe = (rest: Partial<HostContext> = {}) => probeVmware({ ...fake.c.host, ...rest });

describe("the probe", () => {
  test.each(["ws", "player", "fusion"] as const)("finds %s whole", async (product) => {
    fake.dispose();
    fake = fakeVmware(product);
    expect(await probe()).toEqual({
      usable: true,
      version: "17.6.2",
    });
    expect(await findVmware(fake.c.host)).toMatchObject({ product });
  });

  test("says where VMware is to be had", async () => {
    expect(await probe({ env: { PATH: "/nowhere" } })).toMatchObject({
      usable: false,
      problem: "vmrun is not there",
      fix: expect.stringContaining("Workstation 17.6") as string,
    });
    const mac = await probe({
      env: { PATH: "/nowhere", LOCALKUBE_VMWARE_ROOT: "/nowhere" },
      platform: "darwin",
    });
    expect(mac.fix).toContain("Fusion 13.6");
    expect((await probe({ arch: "arm64" })).problem).toContain("x86");
  });

  test.each([
    ["/bin/vmware-vdiskmanager", /vdiskmanager/, /Install VMware/],
    ["/path/qemu-img", /qemu-img/, /apt-get install/],
    ["/dev/vmmon", /kernel modules/, /vmware-modconfig/],
    ["/dev/vmnet8", /virtual networks/, /vmware-networks --start/],
    ["/etc/vmware/vmnet8/nat/nat.conf", /NAT network/, /Virtual Network Editor/],
  ])("names the one thing that helps without %s", async (path, problem, fix) => {
    fake.remove(path);
    const administration = path.endsWith("qemu-img") ? { PATH: "/nowhere" } : {};
    const found = await probe({ env: { ...fake.c.host.env, ...administration } });
    expect(found.usable).toBe(false);
    expect(found.problem).toMatch(problem);
    expect(found.fix).toMatch(fix);
  });

  test("names the processor's virtualization when it is off", async () => {
    fake.put("/proc/cpuinfo", "flags\t\t: fpu sse2\nvmx flags\t: ept\n");
    expect((await probe()).problem).toContain("neither vmx nor svm");
  });

  test.each([
    [
      new Error("Error: VT-x is being used by another hypervisor (VMX root mode)"),
      /another hypervisor/,
      /modprobe -r/,
    ],
    [new Error("Error: Something new"), /Something new/, /by hand/],
    [new LocalkubeError("HOST_COMMAND_TIMEOUT", { command: "vmrun", seconds: 3 }), /seconds|3 s/, /Restart/],
    ["what is this", /what is this/, /Restart/],
  ])("takes vmrun at its word: %s", async (answer, problem, fix) => {
    fake.answer = () => answer;
    const found = await probe();
    expect(found.usable).toBe(false);
    expect(found.problem).toMatch(problem);
    expect(found.fix).toMatch(fix);
  });
});

test("old versions are told", () => {
  expect(versionIn("VMware Workstation 17.5.2 build-23775571\n")).toBe("17.5.2");
  expect(versionIn("VMware Fusion Information:\nVMware Fusion 13.6.2 build-24409261 Release\n")).toBe(
    "13.6.2",
  );
  expect(versionIn("nothing")).toBeUndefined();
  expect(isOlder("ws", "17.5.2")).toBe(true);
  expect(isOlder("ws", "17.6.0")).toBe(false);
  expect(isOlder("ws", "25.0.1")).toBe(false);
  expect(isOlder("fusion", "13.5.1")).toBe(true);
  expect(isOlder("fusion", "13.6")).toBe(false);
});

const registry = "HKLM\\SOFTWARE";
const old = `${registry}\\WOW6432Node`;
test.each([
  ["the one of 32 bits", old, [old]],
  ["the one of 64 bits", registry, [old, registry]],
])("Windows is asked by its registry: %s", async (_, has, expected) => {
  const asked: string[] = [];
  const host = {
    platform: "win32" as const,
    env: { PATH: "" },
    run: (argv: readonly string[]) => {
      asked.push(argv.join(" "));
      const key = `${has}\\VMware, Inc.\\VMware Workstation`;
      if (argv[2] !== key)
        return Promise.resolve({ exitCode: 1, stdout: "", stderr: "ERROR: unable to find" });
      const stdout = `\n${key.replace("HKLM", "HKEY_LOCAL_MACHINE")}\n    InstallPath    REG_SZ    ${fake.root}/bin/\n\n`;
      return Promise.resolve({ exitCode: 0, stdout, stderr: "" });
    },
  };
  fake.put("/bin/vmrun.exe", "");
  fake.put("/bin/vmware.exe", "");
  fake.put("/bin/vmware-vdiskmanager.exe", "");
  expect(await findVmware(host)).toEqual({
    product: "ws",
    vmrun: `${fake.root}/bin/vmrun.exe`,
    diskManager: `${fake.root}/bin/vmware-vdiskmanager.exe`,
  });
  expect(asked).toEqual(
    expected.map((key) => `reg query ${key}\\VMware, Inc.\\VMware Workstation /v InstallPath`),
  );
});
