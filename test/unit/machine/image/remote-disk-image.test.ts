import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { diskAtAddress } from "../../../../src/artifacts/disk-image/disk-at-address.ts";
import { machineImage } from "../../../../src/machine/image/machine-image.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import { folderHandler, type LoopbackServer, startServer } from "../../artifacts/loopback-server.ts";
import { hasty, temporaryFolder, type TestContext, testContext } from "../../artifacts/test-context.ts";

const hasQemuImg = spawnSync("qemu-img", ["--version"]).status === 0;
let folder: string;
let server: LoopbackServer;
let c: TestContext;
beforeEach(async () => {
  folder = await temporaryFolder();
  const context = testContext(folder);
  c = { ...context, host: { ...context.host, run: hostContext().run, env: { PATH: process.env["PATH"] } } };
  server = await startServer(folderHandler(folder));
});
const qemuImg = (...args: string[]) => execFileSync("qemu-img", args, { cwd: folder, encoding: "utf8" });

async function source(name: string, firstBoot: "cloud-init" | "ignition" = "cloud-init", digest = true) {
  const hex = createHash("sha256")
    .update(await readFile(join(folder, name)))
    .digest("hex");
  const remote = diskAtAddress(`${server.url}/${name}${digest ? `#sha256=${hex}` : ""}`, { limits: hasty });
  return machineImage("disk", c.host, { from: "remote", name: remote.title, remote, firstBoot });
}

it("a container cannot be made from it", async () => {
  const remote = diskAtAddress("https://example.org/disk?sig=secret");
  await expect(
    machineImage("rootfs", c.host, { from: "remote", name: "upstream", remote, firstBoot: "cloud-init" }),
  ).rejects.toMatchObject({ id: "IMAGE_NEEDS_VM", params: { file: "upstream" } });
});

if (hasQemuImg)
  describe("with qemu-img", () => {
    beforeEach(async () => {
      await writeFile(join(folder, "plain"), Buffer.alloc(2 << 20, "what the guest sees "));
    });

    it.each([
      ["qcow2", ["-c"]],
      ["vmdk", []],
    ])("a %s is downloaded and converted once", async (format, more) => {
      qemuImg("convert", ...more, "-f", "raw", "-O", format, "plain", "disk");
      const wanted = await source("disk", "ignition");
      expect(wanted.plan).toBe(`download and convert the disk image ${server.url}/disk`);
      expect(await wanted.ready()).toBe(false);
      const image = await wanted.build(c);
      expect(image).toMatchObject({ kind: "disk", firstBoot: "ignition" });
      expect(qemuImg("compare", "-f", "raw", "-F", "qcow2", "plain", image.file)).toContain("identical");
      expect(await readdir(join(c.host.cacheDir, "images"))).toEqual([
        image.file.split("/").at(-1),
        `${image.file.split("/").at(-1)}.json`,
      ]);
      const again = await source("disk", "ignition");
      expect(await again.ready()).toBe(true);
      expect(await again.build(c)).toEqual(image);
      expect(server.requests).toEqual(["GET /disk"]);
    });

    it("which one is meant is asked once per start, and a converted one is not fetched again", async () => {
      qemuImg("convert", "-f", "raw", "-O", "qcow2", "plain", "disk.qcow2");
      const sums = execFileSync("sha512sum", ["disk.qcow2"], { cwd: folder });
      await writeFile(join(folder, "SHA512SUMS"), sums);
      for (const round of [1, 2]) {
        const wanted = await source("disk.qcow2", "cloud-init", false);
        expect(await wanted.ready()).toBe(false);
        const image = await wanted.build(c);
        expect(await wanted.build(c)).toEqual(image);
        expect(await wanted.ready()).toBe(true);
        expect(server.requests.filter((request) => request.endsWith("SUMS"))).toHaveLength(round);
      }
      expect(server.requests.filter((request) => request.endsWith("qcow2"))).toHaveLength(1);
    });

    it("a damaged one in the cache is downloaded again", async () => {
      qemuImg("convert", "-f", "raw", "-O", "qcow2", "plain", "disk");
      const { file } = await (await source("disk")).build(c);
      const { size } = await stat(file);
      await writeFile(file, Buffer.alloc(size, "x"));
      expect(await (await source("disk")).ready()).toBe(false);
      await (await source("disk")).build(c);
      expect(qemuImg("compare", "-f", "raw", "-F", "qcow2", "plain", file)).toContain("identical");
      expect(server.requests).toHaveLength(2);
    });

    it("what its publisher packed, or what is no disk, is refused", async () => {
      execFileSync("gzip", ["-k", "plain"], { cwd: folder });
      await expect((await source("plain.gz")).build(c)).rejects.toMatchObject({
        id: "IMAGE_UNUSABLE",
        message: expect.stringContaining("packed by gzip; unpack it first") as string,
      });
      await writeFile(join(folder, "secret"), Buffer.alloc(1 << 20, "secret"));
      qemuImg("create", "-q", "-f", "qcow2", "-b", join(folder, "secret"), "-F", "raw", "child");
      await expect((await source("child")).build(c)).rejects.toMatchObject({
        message: expect.stringContaining("it needs another file") as string,
      });
    });
  });
