import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunContext } from "../../../../src/contract/host.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import { convertDiskImage, ownDiskImage } from "../../../../src/machine/image/disk/own-disk-image.ts";
import { isWhole } from "../../../../src/host/image-file/image-record.ts";

const hasQemuImg = spawnSync("qemu-img", ["--version"]).status === 0;
let folder: string;
let c: RunContext;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-own-"));
  const host = { ...hostContext(), cacheDir: join(folder, "cache") };
  c = { host, signal: new AbortController().signal, report: () => undefined, log: () => undefined };
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const qemuImg = (...args: string[]) => execFileSync("qemu-img", args, { cwd: folder, encoding: "utf8" });
const convert = async (name: string) => {
  const own = join(folder, name);
  const image = await ownDiskImage(own, c.host);
  await convertDiskImage(own, image, c);
  return image;
};

it("a file that is not there is said", async () => {
  await expect(convert("none")).rejects.toMatchObject({ id: "IMAGE_UNUSABLE" });
});

if (hasQemuImg)
  describe("with qemu-img", () => {
    it.each(["qcow2", "raw", "vdi", "vmdk", "vhdx"])(
      "a %s becomes a qcow2 with the same content, once",
      async (format) => {
        await writeFile(join(folder, "plain"), Buffer.alloc(3 << 20, `content of ${format} `));
        qemuImg("convert", "-f", "raw", "-O", format, "plain", "own");
        const image = await convert("own");
        expect(qemuImg("compare", "-f", "raw", "-F", "qcow2", "plain", image.file)).toContain("identical");
        expect(await isWhole(image.file)).toBe(true);
        expect((await convert("own")).file).toBe(image.file);
        expect(
          (await readdir(join(folder, "cache/images"))).filter((name) => name.endsWith(".partial")),
        ).toEqual([]);
      },
    );

    it.each([
      ["a backing file", ["create", "-q", "-f", "qcow2", "-b", "secret", "-F", "raw", "own"]],
      [
        "a data file",
        ["create", "-q", "-f", "qcow2", "-o", "data_file=secret,data_file_raw=on", "own", "1M"],
      ],
    ])("one with %s is refused", async (_what, args) => {
      await writeFile(join(folder, "secret"), Buffer.alloc(1 << 20, "secret"));
      qemuImg(...args);
      await expect(convert("own")).rejects.toMatchObject({
        id: "IMAGE_UNUSABLE",
        message: expect.stringContaining("secret") as string,
      });
    });

    it("a changed file is another image", async () => {
      qemuImg("create", "-q", "-f", "qcow2", "own", "1M");
      const before = await convert("own");
      qemuImg("resize", "-q", "own", "2M");
      await writeFile(join(folder, "own"), Buffer.alloc(1 << 20));
      expect((await convert("own")).key).not.toBe(before.key);
    });
  });
