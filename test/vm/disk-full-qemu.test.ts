import { mkdirSync, mkdtempSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driverWorld } from "../contract/driver-world.ts";
import { eventually } from "../e2e/kit/kubectl.ts";
import { runProgram } from "../e2e/kit/workspace.ts";
import { qemuUnderTest } from "./kit/qemu-under-test.ts";

const stateDir = mkdtempSync(join(tmpdir(), "localkube-full-"));
const machines = join(stateDir, "machines");
/** Beside the image; a first boot writes more. */
const roomMiB = 4;

/** The machines' folder on a file system of its own that the first boot fills. */
describe("a QEMU machine on a full disk", () => {
  const world = driverWorld(qemuUnderTest(stateDir), "localkube-full");
  const { driver, context, spec, withSsh } = world;
  const mount = async (...args: string[]) => {
    const { exitCode, stderr } = await runProgram(["mount", ...args]);
    if (exitCode !== 0) throw new Error(stderr);
  };
  beforeAll(async () => {
    await world.open();
    mkdirSync(machines, { mode: 0o700 });
    const { size } = await stat(spec("one").image.file);
    const { kernel } = spec("one").image;
    const beside = (await stat(kernel!.file)).size + (await stat(kernel!.initramfs)).size;
    await mount("-t", "tmpfs", "-o", `mode=700,size=${size + beside + roomMiB * 2 ** 20}`, "tmpfs", machines);
  }, 900_000);
  afterAll(async () => {
    await world.close();
    await runProgram(["umount", machines]);
    await rm(stateDir, { recursive: true, force: true });
  }, 120_000);

  it("waits for room, says so, and goes on when there is some", async () => {
    const m = await driver.create(spec("one"), context());
    await driver.start(m, context());
    const state = () => driver.state(m, context());
    await eventually(state, (now) => now === "paused", 240_000);
    expect(await driver.diagnose(m, context())).toContain("io-error");
    await expect(driver.start(m, context())).rejects.toMatchObject({ id: "DRIVER_DISK_FULL" });
    expect(await state()).toBe("paused");
    await mount("-o", "remount,size=4g", machines);
    await driver.start(m, context());
    expect(await state()).toBe("running");
    // The write that waited came through: the guest finishes its first boot.
    await withSsh(m, async (transport) => {
      await transport.exec(["test", "-e", "/var/lib/localkube/first-boot-done"]);
      expect((await transport.exec(["sh", "-c", "dmesg | grep -c 'I/O error' || true"])).stdout.trim()).toBe(
        "0",
      );
    });
  });
});
