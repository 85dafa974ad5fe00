import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { MachineRef } from "../../src/contract/driver.ts";
import { writeIso } from "../../src/host/iso/write-iso.ts";
import type { MoreTests } from "./driver-suite.ts";

const code = (id: string) => expect.objectContaining({ id }) as unknown;

/** The operations that only virtual machines have, on one that runs, in order; for drivers with all four capabilities. It runs at the end. */
export const vmOperations: MoreTests = (subject, world, machine) => {
  const { driver, context, withSsh } = world;
  const { suspend, snapshots, resize, volumes } = driver;
  if (!suspend || !snapshots || !resize || !volumes)
    throw new Error("this driver lacks what the suite is about");
  const say = async (...argv: [string, ...string[]]): Promise<string> =>
    (await withSsh(m, (transport) => transport.exec(argv))).stdout.trim();
  const bootId = () => say("cat", "/proc/sys/kernel/random/boot_id");
  const graceMs = 60_000;
  /** As the suite makes its machines. */
  const has = { cpus: 1, memoryMiB: 1536, diskGiB: 20 };
  let m: MachineRef;
  let folder: string;

  beforeAll(async () => {
    m = machine();
    folder = await mkdtemp(join(tmpdir(), "localkube-driver-vm-"));
  });
  afterAll(async () => {
    // Where the test of it failed; a machine whose disc is gone could not start again.
    await volumes.eject(m, context());
    await rm(folder, { recursive: true, force: true });
  });

  it("reads a disc from its drive until that is ejected", async () => {
    const file = join(folder, "disc.iso");
    await writeIso(file, [{ name: "hello", content: "from the host" }], { label: "localkube" });
    await volumes.insert(m, file, context());
    const script =
      "mkdir -p /mnt/disc && mount -o ro /dev/sr0 /mnt/disc && cat /mnt/disc/hello && umount /mnt/disc";
    expect(await say("sh", "-c", script)).toBe("from the host");
    await volumes.eject(m, context());
    await volumes.eject(m, context());
    await expect(say("mount", "-o", "ro", "/dev/sr0", "/mnt/disc")).rejects.toEqual(
      code("SSH_COMMAND_FAILED"),
    );
    await expect(volumes.insert(m, join(folder, "none.iso"), context())).rejects.toEqual(
      code("DRIVER_VOLUME_FAILED"),
    );
  });

  it("is saved with its memory, stays so when it is stopped, and wakes where it was", async () => {
    const boot = await bootId();
    await say("sh", "-c", "echo in-memory > /run/kept");
    await suspend.save(m, context());
    await suspend.save(m, context());
    expect(await driver.state(m, context())).toBe("saved");
    await driver.stop(m, { ...context(), graceMs });
    expect(await driver.state(m, context())).toBe("saved");
    await expect(resize.resize(m, { ...has, memoryMiB: 1600 }, context())).rejects.toEqual(
      code("DRIVER_RESIZE_FAILED"),
    );
    await driver.start(m, context());
    expect(await driver.state(m, context())).toBe("running");
    expect(await say("cat", "/run/kept")).toBe("in-memory");
    expect(await bootId()).toBe(boot);
  });

  it("goes back to a snapshot of disk and memory, also from off", async () => {
    const boot = await bootId();
    await say("sh", "-c", "echo then | tee /run/memory > /root/disk; sync");
    await snapshots.create(m, "then", context());
    await expect(snapshots.create(m, "then", context())).rejects.toEqual(code("DRIVER_SNAPSHOT_EXISTS"));
    await say("sh", "-c", "echo now | tee /run/memory > /root/disk; sync");
    await snapshots.restore(m, "then", context());
    expect(await say("cat", "/run/memory", "/root/disk")).toBe("then\nthen");
    await driver.stop(m, { ...context(), graceMs: 0 });
    await snapshots.create(m, "off", context());
    const list = await snapshots.list(m, context());
    expect(list.map(({ name, memory }) => ({ name, memory }))).toEqual([
      { name: "then", memory: true },
      { name: "off", memory: false },
    ]);
    expect(list.every(({ createdAt }) => Math.abs(Date.now() - Date.parse(createdAt)) < 600_000)).toBe(true);
    await snapshots.restore(m, "then", context());
    expect(await driver.state(m, context())).toBe("running");
    expect(await bootId()).toBe(boot);
  });

  it("forgets its saved memory when told to", async () => {
    await suspend.save(m, context());
    await suspend.discard(m, context());
    await suspend.discard(m, context());
    expect(await driver.state(m, context())).toBe("stopped");
  });

  it("goes back to a snapshot without memory, and is off", async () => {
    await snapshots.restore(m, "then", context());
    expect(await driver.state(m, context())).toBe("running");
    await snapshots.restore(m, "off", context());
    expect(await driver.state(m, context())).toBe("stopped");
    await expect(snapshots.restore(m, "never", context())).rejects.toEqual(code("DRIVER_SNAPSHOT_UNKNOWN"));
  });

  it("grows while it is off, never shrinks, and tells memory of other hardware", async () => {
    expect(await resize.hardware(m, context())).toEqual(has);
    await expect(resize.resize(m, { ...has, diskGiB: 19 }, context())).rejects.toEqual(
      code("DRIVER_DISK_SHRINK"),
    );
    const wanted = { cpus: 2, memoryMiB: 1792, diskGiB: 21 };
    const grows = subject.growsWithSnapshots ?? true;
    if (!grows)
      await expect(resize.resize(m, wanted, context())).rejects.toEqual(code("DRIVER_RESIZE_FAILED"));
    const first = grows ? wanted : { ...wanted, diskGiB: has.diskGiB };
    await resize.resize(m, first, context());
    expect(await resize.hardware(m, context())).toEqual(first);
    await expect(snapshots.restore(m, "then", context())).rejects.toEqual(code("DRIVER_SNAPSHOT_DIFFERS"));
    await snapshots.remove(m, "then", context());
    await snapshots.remove(m, "then", context());
    await snapshots.remove(m, "off", context());
    expect(await snapshots.list(m, context())).toEqual([]);
    await resize.resize(m, wanted, context());
    expect(await resize.hardware(m, context())).toEqual(wanted);
    await driver.start(m, context());
    expect(await say("nproc")).toBe("2");
    await expect(resize.resize(m, { ...wanted, cpus: 1 }, context())).rejects.toEqual(
      code("DRIVER_RESIZE_FAILED"),
    );
  });
};
