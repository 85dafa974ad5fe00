import { mkdtempSync } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { machineFiles } from "../../drivers/qemu/machine-file.ts";
import type { MachineRef } from "../../src/contract/driver.ts";
import { driverWorld } from "../contract/driver-world.ts";
import { eventually } from "../e2e/kit/kubectl.ts";
import { qemuUnderTest } from "./kit/qemu-under-test.ts";

const stateDir = mkdtempSync(join(tmpdir(), "localkube-faults-"));

/** What happens to machines behind our back. None of it waits for a guest, whose boot is not the question. */
describe("a QEMU machine", () => {
  const world = driverWorld(qemuUnderTest(stateDir), "localkube-faults");
  const { driver, host, context, spec } = world;
  const code = (id: string) => expect.objectContaining({ id }) as unknown;
  const off = { graceMs: 0 };
  let m: MachineRef;
  const files = () => machineFiles(host, m.name);
  const pid = async () => {
    const number = Number(await readFile(files().pid, "utf8"));
    // A signal to number 0 would be one to this test run.
    expect(number).toBeGreaterThan(1);
    return number;
  };
  const state = () => driver.state(m, context());
  beforeAll(async () => {
    await world.open();
    m = await driver.create(spec("one"), context());
  }, 900_000);
  afterAll(async () => {
    await world.close();
    await rm(stateDir, { recursive: true, force: true });
  }, 120_000);

  it("that lost its pid file is still found, and stopped", async () => {
    await driver.start(m, context());
    const number = await pid();
    await rm(files().pid);
    expect(await state()).toBe("running");
    expect(await driver.diagnose(m, context())).toContain(`process ${number}`);
    await driver.start(m, context());
    await driver.stop(m, { ...context(), ...off });
    // Ended with all it held; whether its parent has noticed is not ours.
    const stateOf = readFile(`/proc/${number}/stat`, "utf8").then((text) => text.split(") ")[1]![0]);
    expect(await stateOf.catch(() => "gone")).toMatch(/^(Z|gone)$/);
    expect(await state()).toBe("stopped");
  });

  it("that was killed is stopped, also when its number is another program's by now", async () => {
    await driver.start(m, context());
    process.kill(await pid(), "SIGKILL");
    await eventually(state, (now) => now === "stopped");
    await writeFile(files().pid, String(process.pid));
    expect(await state()).toBe("stopped");
    await driver.stop(m, { ...context(), ...off });
    const before = await stat(files().disk);
    await driver.start(m, context());
    expect(await state()).toBe("running");
    expect(await pid()).not.toBe(process.pid);
    expect((await stat(files().disk)).ino).toBe(before.ino);
    await driver.stop(m, { ...context(), ...off });
  });

  it("whose process hangs is told as broken, left alone by start and stop, and removed when asked to", async () => {
    await driver.start(m, context());
    const number = await pid();
    process.kill(number, "SIGSTOP");
    expect(await state()).toBe("broken");
    expect(await driver.diagnose(m, context())).toMatch(new RegExp(`process ${number} does not answer`));
    await expect(driver.start(m, context())).rejects.toEqual(code("DRIVER_MACHINE_BROKEN"));
    await expect(driver.stop(m, { ...context(), ...off })).rejects.toEqual(code("DRIVER_MACHINE_BROKEN"));
    process.kill(number, "SIGCONT");
    await eventually(state, (now) => now === "running");
    process.kill(number, "SIGSTOP");
    await driver.remove(m, context());
    expect(await world.traces("one")).toEqual([]);
    expect(await state()).toBe("absent");
  });

  it("without its disk is broken and keeps what is left of it", async () => {
    const other = await driver.create(spec("two"), context());
    const there = machineFiles(host, other.name);
    await rm(there.disk);
    expect(await driver.state(other, context())).toBe("broken");
    await expect(driver.start(other, context())).rejects.toEqual(code("DRIVER_MACHINE_BROKEN"));
    expect((await stat(there.seed)).isFile()).toBe(true);
  });
});
