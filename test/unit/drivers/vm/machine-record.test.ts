import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import qemu from "../../../../drivers/qemu/index.ts";
import { machineFiles as qemuFiles } from "../../../../drivers/qemu/machine-file.ts";
import { machinesIn } from "../../../../drivers/vm/machine-record.ts";
import {
  machineFiles as virtualBoxFiles,
  readPlan,
  writePlan,
} from "../../../../drivers/virtualbox/machine-file.ts";
import {
  machineFiles as vmwareFiles,
  readMachine as readVmware,
} from "../../../../drivers/vmware/machine-file.ts";
import type { MachineRef } from "../../../../src/contract/driver.ts";
import type { RunContext } from "../../../../src/contract/host.ts";
import { hostContext } from "../../../../src/host/host-context.ts";

const name = "localkube-one";
const half = '{"schema": 1, "ref": {"na';

it("a driver's folder has machines and what a file manager leaves there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "localkube-record-"));
  try {
    await mkdir(join(folder, "localkube-one"));
    await mkdir(join(folder, ".Trashes"));
    await writeFile(join(folder, "desktop.ini"), "");
    expect(await machinesIn(folder)).toEqual(["localkube-one"]);
    expect(await machinesIn(join(folder, "none"))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe("a machine whose record was cut short", () => {
  let stateDir: string;
  let c: RunContext;
  const damage = async (folder: string, file: string) => {
    await mkdir(folder, { recursive: true });
    await writeFile(file, half);
  };
  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "localkube-record-"));
    const host = { ...hostContext(process.env), stateDir };
    c = { host, signal: AbortSignal.timeout(20_000), log: () => undefined, report: () => undefined };
  });
  afterEach(() => rm(stateDir, { recursive: true, force: true }));

  it("is left alone by QEMU's driver with the file's name, until it is to be removed", async () => {
    const files = qemuFiles(c.host, name);
    await damage(files.folder, files.description);
    await writeFile(files.disk, "the user's data");
    const driver = qemu.open(c.host);
    const m = { name } as MachineRef;
    const unreadable = expect.objectContaining({
      id: "STATE_UNREADABLE",
      message: expect.stringContaining(files.description) as string,
    }) as unknown;
    await expect(driver.state(m, c)).rejects.toEqual(unreadable);
    await expect(driver.start(m, c)).rejects.toEqual(unreadable);
    await expect(driver.create({ name } as never, c)).rejects.toEqual(unreadable);
    expect(await readFile(files.disk, "utf8")).toBe("the user's data");
    await driver.removeByName(name, c);
    await expect(readFile(files.disk)).rejects.toThrow("ENOENT");
  });

  it("is unreadable for VMware's driver too", async () => {
    const files = vmwareFiles(c.host, name);
    await damage(files.folder, files.description);
    await expect(readVmware(c.host, name)).rejects.toMatchObject({ id: "STATE_UNREADABLE" });
  });

  it("is still known to VirtualBox' driver by its plan, so that it can be removed from there", async () => {
    const files = virtualBoxFiles(c.host, name);
    await damage(files.folder, files.description);
    await expect(readPlan(c.host, name)).rejects.toMatchObject({ id: "STATE_UNREADABLE" });
    await writePlan(c.host, name, { id: "the machine's" } as never);
    expect(await readPlan(c.host, name)).toMatchObject({ id: "the machine's" });
  });
});
