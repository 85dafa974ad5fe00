import { existsSync, mkdirSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import vmware from "../../../../drivers/vmware/index.ts";
import { powerOn, waitForLocks } from "../../../../drivers/vmware/power.ts";
import { machineFiles } from "../../../../drivers/vmware/machine-file.ts";
import { removeMachine } from "../../../../drivers/vmware/remove-machine.ts";
import { testSpec } from "../recording-host.ts";
import { type FakeVmware, fakeVmware } from "./fake-vmware.ts";

/** How often a file is still open when its folder is removed: an open file is in nobody's way here, as it is on Windows. */
const windows = vi.hoisted(() => ({ openFor: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  const rm: typeof real.rm = async (path, options) => {
    if (windows.openFor-- > 0)
      throw new Error(`EBUSY: resource busy or locked, unlink '${String(path)}/vmware.log'`);
    return real.rm(path, options);
  };
  return { ...real, rm };
});

let fake: FakeVmware;
const { name } = testSpec;
const files = () => machineFiles(fake.c.host, name);
beforeEach(async () => {
  fake = fakeVmware();
  windows.openFor = 0;
  await vmware.open(fake.c.host).create(fake.spec, fake.c);
});
afterEach(() => fake.dispose());

describe("a file that is open while the machine is removed", () => {
  test("is waited for", async () => {
    windows.openFor = 2;
    await removeMachine(name, fake.c);
    expect(existsSync(files().folder)).toBe(false);
  });

  test("is left over when it stays so, with the folder and the file named", async () => {
    windows.openFor = Infinity;
    await expect(removeMachine(name, fake.c, 50)).rejects.toMatchObject({
      id: "DRIVER_LEFTOVERS",
      output: expect.stringMatching(
        new RegExp(`^${files().folder}: EBUSY.*${files().folder}/vmware\\.log`),
      ) as string,
    });
    windows.openFor = 0;
    await removeMachine(name, fake.c);
    expect(existsSync(files().folder)).toBe(false);
  });
});

describe("locks that stay", () => {
  const lock = () => join(files().folder, "disk.vmdk.lck");
  beforeEach(() => {
    mkdirSync(lock());
    mkdirSync(`${files().vmx}.lck`);
  });

  test("are told after the time that they get", async () => {
    const begun = performance.now();
    expect(await waitForLocks(files(), fake.c.signal, 200)).toEqual([lock()]);
    expect(performance.now() - begun).toBeGreaterThan(190);
  });

  test("keep no machine from starting, and are named when it does not", async () => {
    await powerOn(name, files(), false, fake.c, 50);
    expect(fake.running.size).toBe(1);
    fake.running.clear();
    fake.answer = (verb) => (verb === "start" ? new Error("Error: Failed to lock the file") : undefined);
    await expect(powerOn(name, files(), false, fake.c, 50)).rejects.toMatchObject({
      id: "VMWARE_START_FAILED",
      message: expect.stringContaining("another VMware program") as string,
      output: `Error: Failed to lock the file\nstill locked: ${lock()}`,
    });
    fake.answer = (verb) => (verb === "start" ? new Error("Error: Something new") : undefined);
    await expect(powerOn(name, files(), false, fake.c, 50)).rejects.toMatchObject({
      id: "DRIVER_START_FAILED",
      output: expect.stringContaining(`still locked: ${lock()}`) as string,
    });
  });
});
