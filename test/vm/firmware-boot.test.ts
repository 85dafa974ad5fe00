import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accelerator } from "../../drivers/qemu/accelerator.ts";
import { commandLine } from "../../drivers/qemu/command-line.ts";
import { machineFiles, readMachine } from "../../drivers/qemu/machine-file.ts";
import { convertDiskImage, ownDiskImage } from "../../src/machine/image/disk/own-disk-image.ts";
import { driverWorld } from "../contract/driver-world.ts";
import { qemuUnderTest } from "./kit/qemu-under-test.ts";

const stateDir = mkdtempSync(join(tmpdir(), "localkube-firmware-"));
const machines = [
  { firmware: "BIOS", format: "vdi", name: "bios", efi: "no" },
  { firmware: "UEFI", format: "vmdk", name: "uefi", efi: "yes", file: "/usr/share/OVMF/OVMF_CODE_4M.fd" },
] as const;

/**
 * The disk image as hypervisors get it that load no kernel themselves: by its own boot loader, from either firmware, in their formats; and as
 * a user's own image, which is one like it.
 */
describe("the disk image", () => {
  const world = driverWorld(qemuUnderTest(stateDir), "localkube-firmware");
  const { driver, host, context, spec, withSsh } = world;
  beforeAll(() => world.open(), 900_000);
  afterAll(async () => {
    await world.close();
    await rm(stateDir, { recursive: true, force: true });
  }, 120_000);

  it.each(machines)(
    "boots by $firmware as a whole disk from $format",
    async ({ name, efi, format, ...rest }) => {
      const wanted = spec(name);
      const file = join(stateDir, `own.${format}`);
      const c = {
        ...context(AbortSignal.timeout(300_000)),
        host: { ...host, cacheDir: join(stateDir, "cache") },
      };
      const convert = ["qemu-img", "convert", "-O", format, wanted.image.file, file] as const;
      await host.run([...convert], { signal: c.signal, timeoutMs: 240_000 });
      const image = await ownDiskImage(file, c.host);
      await convertDiskImage(file, image, c);
      const m = await driver.create({ ...wanted, image }, context());
      const machine = await readMachine(host, m.name);
      const launch = {
        arch: host.arch,
        accelerator: await accelerator(host),
        ...("file" in rest ? { firmware: rest.file } : {}),
      };
      const argv = commandLine(machine!, machineFiles(host, m.name), launch);
      expect(argv).not.toContain("-kernel");
      await host.run(argv, { signal: context().signal, timeoutMs: 20_000 });
      await withSsh(m, async (transport) => {
        const ask = [
          "sh",
          "-c",
          "[ -d /sys/firmware/efi ] && echo yes || echo no; cat /proc/cmdline",
        ] as const;
        const [booted, ...words] = (await transport.exec(ask)).stdout.trim().split("\n");
        expect(booted).toBe(efi);
        // Only a boot loader says which file the kernel came from.
        expect(words.join(" ")).toContain("BOOT_IMAGE=");
      });
      await driver.remove(m, context());
      expect(await world.traces(name)).toEqual([]);
    },
  );
});
