import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import vmware from "../../../../drivers/vmware/index.ts";
import { machineFiles } from "../../../../drivers/vmware/machine-file.ts";
import { isRunning, runningIn } from "../../../../drivers/vmware/vmrun.ts";
import { editVmx } from "../../../../drivers/vmware/vmx.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { type FakeVmware, fakeVmware } from "./fake-vmware.ts";

const code = (id: string) => expect.objectContaining({ id }) as unknown;
let fake: FakeVmware;
const driver = () => vmware.open(fake.c.host);
const files = () => machineFiles(fake.c.host, fake.spec.name);
const made = async () => {
  const m = await driver().create(fake.spec, fake.c);
  fake.commands.length = 0;
  return m;
};

beforeEach(() => {
  fake = fakeVmware();
});
afterEach(() => fake.dispose());

describe.each(["ws", "player", "fusion"] as const)("what is sent to %s", (product) => {
  test("in a machine's life", async () => {
    fake.dispose();
    fake = fakeVmware(product);
    const life = driver();
    const m = await life.create(fake.spec, fake.c);
    expect(m).toMatchObject({ access: { host: m.address, port: 22, user: "root" }, api: "direct" });
    expect(await life.create(fake.spec, fake.c)).toEqual(m);
    await life.start(m, fake.c);
    await life.start(m, fake.c);
    await life.volumes?.insert(m, fake.spec.image.file, fake.c);
    await life.volumes?.eject(m, fake.c);
    // Nobody answers at the address: VMware is asked where the guest is.
    await life.diagnose(m, fake.c);
    await life.snapshots?.create(m, "before", fake.c);
    await life.suspend?.save(m, fake.c);
    expect(await life.state(m, fake.c)).toBe("saved");
    await life.start(m, fake.c);
    // The snapshot has memory: the plug is pulled, and the machine goes on from there.
    await life.snapshots?.restore(m, "before", fake.c);
    expect(await life.state(m, fake.c)).toBe("running");
    await life.snapshots?.remove(m, "before", fake.c);
    await life.stop(m, { ...fake.c, graceMs: 1000 });
    await life.resize?.resize(m, { cpus: 4, memoryMiB: 2048, diskGiB: 30 }, fake.c);
    await life.remove(m, fake.c);
    expect(await life.state(m, fake.c)).toBe("absent");
    expect(fake.commands).toMatchSnapshot();
  });
});

describe("vmrun's list", () => {
  test("is compared by whole lines", async () => {
    const [one, longer] = [join(fake.root, "a/one.vmx"), join(fake.root, "a/one.vmx2")];
    fake.running.add(longer);
    expect(await isRunning(one, fake.c)).toBe(false);
    fake.running.add(join(fake.root, "prefix/a/one.vmx"));
    expect(await isRunning(one, fake.c)).toBe(false);
    fake.running.add(one);
    expect(await isRunning(one, fake.c)).toBe(true);
  });

  test("may name the same file by another way", async () => {
    mkdirSync(join(fake.root, "real"));
    writeFileSync(join(fake.root, "real/one.vmx"), "");
    symlinkSync(join(fake.root, "real"), join(fake.root, "link"));
    fake.running.add(join(fake.root, "link/one.vmx"));
    expect(await isRunning(join(fake.root, "real/one.vmx"), fake.c)).toBe(true);
    expect(await isRunning(join(fake.root, "real/../real/one.vmx"), fake.c)).toBe(true);
  });

  test("keeps blanks and quotes of paths, and is not taken for a list when it is none", () => {
    expect(runningIn('Total running VMs: 2\r\n/a b/"c".vmx\r\n/d ü.vmx\r\n')).toEqual([
      '/a b/"c".vmx',
      "/d ü.vmx",
    ]);
    expect(() => runningIn("Error: Unable to connect to host")).toThrow(/Unable to connect/);
  });
});

describe("the state", () => {
  test("is stopped, running, saved, or broken with the reason", async () => {
    const m = await made();
    const state = () => driver().state(m, fake.c);
    expect(await state()).toBe("stopped");
    fake.running.add(files().vmx);
    expect(await state()).toBe("running");
    fake.running.clear();
    await editVmx(files().vmx, { "checkpoint.vmState": "localkube-demo.vmss" });
    expect(await state()).toBe("broken");
    expect(await driver().diagnose(m, fake.c)).toContain("saved memory localkube-demo.vmss is gone");
    writeFileSync(join(files().folder, "localkube-demo.vmss"), "");
    expect(await state()).toBe("saved");
    rmSync(files().disk);
    expect(await state()).toBe("broken");
    await expect(driver().start(m, fake.c)).rejects.toEqual(code("DRIVER_MACHINE_BROKEN"));
  });

  test("is unknown when VMware does not tell, and nothing is touched then", async () => {
    const m = await made();
    fake.answer = (verb) =>
      verb === "list"
        ? new LocalkubeError("HOST_COMMAND_TIMEOUT", { command: "vmrun", seconds: 10 })
        : undefined;
    expect(await driver().state(m, fake.c)).toBe("unknown");
    await expect(driver().start(m, fake.c)).rejects.toEqual(code("DRIVER_MACHINE_BROKEN"));
    await expect(driver().stop(m, { ...fake.c, graceMs: 10 })).rejects.toEqual(code("DRIVER_MACHINE_BROKEN"));
    await expect(driver().remove(m, fake.c)).rejects.toEqual(code("DRIVER_LEFTOVERS"));
    fake.answer = () => undefined;
    expect(await driver().state(m, fake.c)).toBe("stopped");
  });
});

describe("stopping", () => {
  test("counts what is in the list, not what stop answers", async () => {
    const m = await made();
    await driver().start(m, fake.c);
    fake.answer = (verb) => {
      if (verb !== "stop") return undefined;
      fake.running.clear();
      return new Error("Error: The operation was canceled");
    };
    await driver().stop(m, { ...fake.c, graceMs: 5000 });
    expect(fake.commands.filter((line) => line.includes(" stop "))).toHaveLength(1);
  });

  test("is by force when the time is over, also when vmrun hangs", async () => {
    const m = await made();
    await driver().start(m, fake.c);
    fake.answer = (verb, args) =>
      verb === "stop" && args[1] === "soft"
        ? new LocalkubeError("HOST_COMMAND_TIMEOUT", { command: "vmrun", seconds: 1 })
        : undefined;
    await driver().stop(m, { ...fake.c, graceMs: 300 });
    expect(fake.commands.at(-2)).toMatch(/ stop .* hard$/);
    expect(await driver().state(m, fake.c)).toBe("stopped");
  });

  test("is asked for again while the guest's Tools are not up", async () => {
    const m = await made();
    await driver().start(m, fake.c);
    let refusals = 0;
    fake.answer = (verb) =>
      verb === "stop" && refusals++ < 1
        ? new Error(`Error: The VMware Tools are not running in the virtual machine: ${files().vmx}`)
        : undefined;
    await driver().stop(m, { ...fake.c, graceMs: 30_000 });
    expect(fake.commands.filter((line) => line.endsWith(" soft"))).toHaveLength(2);
    expect(fake.commands.filter((line) => line.endsWith(" hard"))).toEqual([]);
    expect(await driver().state(m, fake.c)).toBe("stopped");
  });

  test("waits until the locks are gone, but not for the one of a window", async () => {
    const m = await made();
    await driver().start(m, fake.c);
    const lock = join(files().folder, "disk.vmdk.lck");
    mkdirSync(lock);
    mkdirSync(join(files().folder, "localkube-demo.vmx.lck"));
    setTimeout(() => rmSync(lock, { recursive: true }), 400);
    const begun = performance.now();
    await driver().stop(m, { ...fake.c, graceMs: 1000 });
    expect(performance.now() - begun).toBeGreaterThan(390);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe("a start that fails", () => {
  test.each([
    ["Could not open /dev/vmmon: No such file or directory.", /kernel modules/, /vmware-modconfig/],
    ["Could not open /dev/vmmon: Broken pipe.", /macOS has not permitted/, /Privacy & Security/],
    [
      "Could not connect 'Ethernet0' to virtual network '/dev/vmnet8'.",
      /virtual networks/,
      /vmware-networks/,
    ],
    ["VMware Workstation and Device/Credential Guard are not compatible.", /hypervisor/i, /bcdedit/],
    [
      "VMware Workstation and Hyper-V are not compatible. Remove the Hyper-V role.",
      /Windows' own/,
      /bcdedit/,
    ],
    ["hypervisor_launch_type is Auto", /Windows' own/, /Memory integrity/],
    [
      "This host supports Intel VT-x, but Intel VT-x is disabled.",
      /virtualization is off/,
      /VT-x.* firmware/,
    ],
    ["This host supports AMD-V, but AMD-V is disabled.", /virtualization is off/, /SVM.* firmware/],
    ["VT-x is being used by another hypervisor", /another hypervisor/, /modprobe -r/],
    ["Insufficient permission to access file.", /may not read/, /Full Disk Access/],
    ["Cannot open the disk 'disk.vmdk': Permission denied", /may not read/, /Give VMware access/],
    [
      'The configuration file "x.vmx" was created by a VMware product with more features than this version.',
      /too old/,
      /17\.6 or Fusion 13\.6/,
    ],
    ["This virtual machine has unsupported virtual hardware version 22.", /too old/, /Install VMware/],
    ["The evaluation period has ended.", /licence/, /free of charge/],
    ["A valid license key is required to power on this virtual machine", /licence/, /17\.6\.2/],
    ["Failed to lock the file", /another VMware program/, /Close the machine/],
    ["There is no space left on device", /is full/, /Free some space/],
    ["Not enough physical memory is available to power on this virtual machine", /memory/, /--memory/],
  ])("with 'Unknown error' is told by the log: %s", async (line, problem, fix) => {
    const m = await made();
    fake.answer = (verb) => (verb === "start" ? new Error("Error: Unknown error") : undefined);
    appendFileSync(files().log, `vmx DICT guestinfo.userdata = "SECRET"\nvmx Msg_Post: Error\nvmx ${line}\n`);
    const error = await driver()
      .start(m, fake.c)
      .catch((one: unknown) => one as LocalkubeError);
    expect(error).toMatchObject({ id: "VMWARE_START_FAILED" });
    expect((error as LocalkubeError).message).toMatch(problem);
    expect((error as LocalkubeError).fix).toMatch(fix);
    expect(await driver().diagnose(m, fake.c)).not.toContain("SECRET");
  });

  test("for a reason we do not know shows VMware's last words without the seed", async () => {
    const m = await made();
    fake.answer = (verb) => (verb === "start" ? new Error("Error: Unknown error") : undefined);
    // VMware speaks of its licence also when all is well.
    appendFileSync(
      files().log,
      'vmx DICT guestinfo.userdata = "SECRET"\nvmx License is valid\nvmx the moon is wrong\n',
    );
    const failed = driver().start(m, fake.c);
    await expect(failed).rejects.toMatchObject({
      id: "DRIVER_START_FAILED",
      output: "Error: Unknown error\nvmx License is valid\nvmx the moon is wrong",
    });
    await editVmx(files().vmx, { "checkpoint.vmState": "x.vmss" });
    writeFileSync(join(files().folder, "x.vmss"), "");
    await expect(driver().start(m, fake.c)).rejects.toEqual(code("DRIVER_RESUME_FAILED"));
  });

  test("but leaves a running machine has not failed", async () => {
    const m = await made();
    fake.answer = (verb, [vmx = ""]) => {
      if (verb !== "start") return undefined;
      fake.running.add(vmx);
      return new Error("Error: The operation was canceled");
    };
    await driver().start(m, fake.c);
    expect(await driver().state(m, fake.c)).toBe("running");
  });
});

test("a disk with snapshots is not grown, and VMware's own refusal is shown", async () => {
  const m = await made();
  const wanted = { cpus: 2, memoryMiB: 4096, diskGiB: 30 };
  fake.answer = (verb) => (verb === "listSnapshots" ? "Total snapshots: 1\nby hand\n" : undefined);
  await expect(driver().resize?.resize(m, wanted, fake.c)).rejects.toMatchObject({
    id: "DRIVER_RESIZE_FAILED",
    output: expect.stringContaining("by hand") as string,
  });
  expect(fake.commands.some((line) => line.includes(" -x "))).toBe(false);
});

test("a snapshot that Player refuses is told with its words", async () => {
  const m = await made();
  fake.answer = (verb) =>
    verb === "listSnapshots" ? new Error("Error: The operation is not supported") : undefined;
  await expect(driver().snapshots?.create(m, "one", fake.c)).rejects.toMatchObject({
    id: "DRIVER_SNAPSHOT_FAILED",
    output: "Error: The operation is not supported",
  });
});

test("an image larger than the disk is refused, and nothing is left", async () => {
  await expect(driver().create({ ...fake.spec, diskGiB: 3 }, fake.c)).rejects.toEqual(
    code("DRIVER_DISK_SMALL"),
  );
  expect(await driver().list(fake.c)).toEqual([]);
});
