import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { convertedDisk } from "../../../../drivers/vm/converted-disk.ts";
import type { MachineImage } from "../../../../src/contract/driver.ts";
import type { RunContext } from "../../../../src/contract/host.ts";
import { hostContext } from "../../../../src/host/host-context.ts";

const hasQemuImg = spawnSync("qemu-img", ["--version"]).status === 0;
let folder: string;
let image: MachineImage;
let c: RunContext;
let converted: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-converted-"));
  image = { kind: "disk", key: "k", file: join(folder, "disk-k.qcow2") };
  converted = [];
  const host = hostContext();
  const run: typeof host.run = (argv, options) => {
    if (argv[1] === "convert") converted.push(argv.join(" "));
    return host.run(argv, options);
  };
  c = {
    host: { ...host, run },
    signal: new AbortController().signal,
    report: () => undefined,
    log: () => undefined,
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const qemuImg = (...args: string[]) => execFileSync("qemu-img", args, { cwd: folder, encoding: "utf8" });

async function makeImage(): Promise<void> {
  await writeFile(join(folder, "plain"), Buffer.alloc(3 << 20, "what the guest sees "));
  qemuImg("convert", "-c", "-f", "raw", "-O", "qcow2", "plain", image.file);
}

if (hasQemuImg)
  describe("a disk image for another hypervisor", () => {
    it.each(["vdi", "vmdk"] as const)(
      "is a %s with the same content, beside it, made once",
      async (format) => {
        await makeImage();
        const [file, second] = await Promise.all([
          convertedDisk(image, format, c),
          convertedDisk(image, format, c),
        ]);
        expect(file).toBe(join(folder, `disk-k.${format}`));
        expect(second).toBe(file);
        expect(qemuImg("info", file)).toContain(`file format: ${format}`);
        expect(qemuImg("compare", "-f", "qcow2", "-F", format, image.file, file)).toContain("identical");
        await convertedDisk(image, format, c);
        expect(converted).toHaveLength(1);
        expect((await readdir(folder)).sort()).toEqual([
          "disk-k.qcow2",
          `disk-k.${format}`,
          `disk-k.${format}.json`,
          "plain",
        ]);
      },
    );

    it("a VMDK names itself, for VMware looks for the file of that name", async () => {
      await makeImage();
      const file = await convertedDisk(image, "vmdk", c);
      const handle = await open(file);
      const { buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
      await handle.close();
      const descriptor = buffer.toString("latin1");
      expect(descriptor).toContain('SPARSE "disk-k.vmdk"');
      expect(descriptor).toContain('ddb.adapterType = "lsilogic"');
    });

    it("that was damaged is converted again", async () => {
      await makeImage();
      const file = await convertedDisk(image, "vdi", c);
      const { size } = await stat(file);
      const handle = await open(file, "r+");
      await handle.write("spoilt", size - 100);
      await handle.close();
      await convertedDisk(image, "vdi", c);
      expect(converted).toHaveLength(2);
      expect(qemuImg("compare", "-f", "qcow2", "-F", "vdi", image.file, file)).toContain("identical");
    });

    it("that cannot be made leaves nothing behind", async () => {
      await writeFile(image.file, "no image");
      await expect(convertedDisk(image, "vdi", c)).rejects.toMatchObject({ id: "HOST_COMMAND_FAILED" });
      expect(await readdir(folder)).toEqual(["disk-k.qcow2"]);
    });
  });
