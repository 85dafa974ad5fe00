import { appendFile, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureImage } from "../../../../drivers/container/machine-image.ts";
import type { Engine } from "../../../../drivers/container/engine.ts";
import { isWhole, recordImage } from "../../../../src/host/image-file/image-record.ts";
import { makeImageFile } from "../../../../src/host/image-file/make-image-file.ts";
import { recordingHost } from "../../drivers/recording-host.ts";

let folder: string;
let file: string;
const { c } = recordingHost([]);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-image-"));
  file = join(folder, "machine.tar");
  await writeFile(file, "root file system");
  await recordImage(file, file, c);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Changes a byte and nothing that a `stat` would show, as a bad disk does. */
async function spoilSilently(): Promise<void> {
  const { atime, mtime } = await stat(file);
  await writeFile(file, "root file sYstem");
  await utimes(file, atime, mtime);
}

describe("the record of a built image", () => {
  it("holds for the file that was built", async () => {
    expect(await isWhole(file)).toBe(true);
  });

  it("holds for the same content with another time", async () => {
    await utimes(file, 1, 1);
    expect(await isWhole(file)).toBe(true);
  });

  it("does not hold for a changed, a longer or a missing file, nor without the record", async () => {
    await writeFile(file, "root file sYstem");
    await utimes(file, 1, 1);
    expect(await isWhole(file)).toBe(false);
    await appendFile(file, "x");
    expect(await isWhole(file)).toBe(false);
    await rm(file);
    expect(await isWhole(file)).toBe(false);
    await writeFile(file, "root file system");
    await rm(`${file}.json`);
    expect(await isWhole(file)).toBe(false);
  });
});

describe("a disk with its kernel", () => {
  const kernel = () => join(folder, "disk.vmlinuz");
  const disk = () => join(folder, "disk.qcow2");
  let builds: number;
  const build = () =>
    makeImageFile(
      disk(),
      c,
      async (partial) => {
        builds++;
        await writeFile(kernel(), "kernel");
        await writeFile(partial, "disk");
        return partial;
      },
      [kernel()],
    );
  beforeEach(async () => {
    builds = 0;
    await build();
  });

  it("is built once", async () => {
    await build();
    expect(builds).toBe(1);
    expect(await isWhole(disk(), [kernel()])).toBe(true);
  });

  it("is built again when the kernel is missing or damaged", async () => {
    await rm(kernel());
    expect(await isWhole(disk(), [kernel()])).toBe(false);
    await build();
    expect(await readFile(kernel(), "utf8")).toBe("kernel");
    await writeFile(kernel(), "kernal");
    await utimes(kernel(), 1, 1);
    expect(await isWhole(disk(), [kernel()])).toBe(false);
    await build();
    expect(builds).toBe(3);
    expect(await readFile(kernel(), "utf8")).toBe("kernel");
  });

  it("with a record from before kernels were noted is whole as long as the kernel is there", async () => {
    const { sha256, size, mtimeMs } = JSON.parse(await readFile(`${disk()}.json`, "utf8")) as object & {
      readonly sha256: string;
      readonly size: number;
      readonly mtimeMs: number;
    };
    await writeFile(`${disk()}.json`, JSON.stringify({ sha256, size, mtimeMs }));
    expect(await isWhole(disk(), [kernel()])).toBe(true);
    await rm(kernel());
    expect(await isWhole(disk(), [kernel()])).toBe(false);
  });
});

describe("importing a built image", () => {
  const imported: string[] = [];
  const engine: Engine = {
    dialect: { program: "podman", imagePrefix: "localhost/" } as Engine["dialect"],
    run: () => Promise.resolve({ exitCode: 0, stdout: "", stderr: "" }),
    change: (args) => {
      imported.push(args[0] ?? "");
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    },
    inspect: () => Promise.resolve(undefined),
  };
  const image = () => ({ kind: "rootfs", file, key: "k" }) as const;

  it("takes the whole one", async () => {
    imported.length = 0;
    expect(await ensureImage(engine, image(), c)).toBe("localhost/localkube-machine:k");
    expect(imported).toEqual(["import"]);
  });

  it("refuses one that was damaged without a trace, and removes it so that it is built anew", async () => {
    imported.length = 0;
    await spoilSilently();
    expect(await readFile(file, "utf8")).toBe("root file sYstem");
    await expect(ensureImage(engine, image(), c)).rejects.toMatchObject({ id: "DRIVER_IMAGE_DAMAGED" });
    expect(imported).toEqual([]);
    expect(await isWhole(file)).toBe(false);
  });
});
