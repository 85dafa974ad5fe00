import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureImage } from "../../../../drivers/container/machine-image.ts";
import type { Engine } from "../../../../drivers/container/engine.ts";
import { isWhole, recordedDigest, recordImage } from "../../../../src/host/image-file/image-record.ts";
import { type ImageFileOptions, makeImageFile } from "../../../../src/host/image-file/make-image-file.ts";
import { recordingHost } from "../../drivers/recording-host.ts";

let folder: string;
let file: string;
const { c } = recordingHost([]);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-image-"));
  file = join(folder, "machine.tar");
  await writeFile(file, "root file system");
  await recordImage({ file }, file, c);
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
        await mkdir(partial);
        const made = { file: join(partial, "disk"), kernel: join(partial, "kernel") };
        await writeFile(made.kernel, "kernel");
        await writeFile(made.file, "disk");
        return { file: made.file, beside: { [kernel()]: made.kernel } };
      },
      { beside: [kernel()] },
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

describe("building again", () => {
  let builds: number;
  beforeEach(() => {
    builds = 0;
  });
  const build = (options: ImageFileOptions, content = () => `build ${++builds}`) =>
    makeImageFile(
      file,
      c,
      async (partial) => {
        await writeFile(partial, content());
        return partial;
      },
      options,
    );

  it("replaces the file when the new one is complete; a link to the earlier one keeps it", async () => {
    const linked = join(folder, "base");
    await link(file, linked);
    await build({});
    expect(builds).toBe(0);
    await build({ again: true });
    expect(await readFile(file, "utf8")).toBe("build 1");
    expect(await isWhole(file)).toBe(true);
    expect(await readFile(linked, "utf8")).toBe("root file system");
    await build({});
    expect(builds).toBe(1);
  });

  it("that fails or is interrupted leaves the earlier one whole and nothing else", async () => {
    const interrupted = build({ again: true }, () => {
      throw new Error("interrupted");
    });
    await expect(interrupted).rejects.toThrow("interrupted");
    expect(await readFile(file, "utf8")).toBe("root file system");
    expect(await isWhole(file)).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(["machine.tar", "machine.tar.json"]);
  });

  it("happens once for two that ask at the same time", async () => {
    const slow = () =>
      makeImageFile(
        file,
        c,
        async (partial) => {
          await new Promise((resolve) => setTimeout(resolve, 200));
          await writeFile(partial, `build ${++builds}`);
          return partial;
        },
        { again: true },
      );
    await Promise.all([slow(), slow()]);
    expect(builds).toBe(1);
  });

  it("makes what was converted from the earlier one be converted again", async () => {
    const converted = join(folder, "machine.vdi");
    const convert = async () =>
      makeImageFile(
        converted,
        c,
        async (partial) => {
          await writeFile(partial, `VDI of ${await readFile(file, "utf8")}`);
          return partial;
        },
        { from: await recordedDigest(file) },
      );
    await convert();
    await build({ again: true });
    await convert();
    expect(await readFile(converted, "utf8")).toBe("VDI of build 1");
  });
});

describe("importing a built image", () => {
  const calls: string[] = [];
  const labels: Record<string, string> = {};
  let inStore: object | undefined;
  beforeEach(() => {
    calls.length = 0;
    inStore = undefined;
  });
  const engine: Engine = {
    dialect: { program: "podman", imagePrefix: "localhost/" } as Engine["dialect"],
    run: () => Promise.resolve({ exitCode: 0, stdout: "", stderr: "" }),
    change: (args) => {
      calls.push(args[0] === "import" ? "import" : args.join(" "));
      if (args[0] === "import") {
        for (const word of args) {
          const [, label, value] = /^LABEL (\S+)=(.*)$/.exec(word) ?? [];
          if (label !== undefined) labels[label] = value ?? "";
        }
        inStore = { Id: `image ${calls.length}`, Config: { Labels: { ...labels } } };
      }
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    },
    inspect: () => Promise.resolve(inStore),
  };
  const image = () => ({ kind: "rootfs", file, key: "k" }) as const;

  it("takes the whole one, once", async () => {
    expect(await ensureImage(engine, image(), c)).toBe("localhost/localkube-machine:k");
    expect(await ensureImage(engine, image(), c)).toBe("localhost/localkube-machine:k");
    expect(calls).toEqual(["import"]);
  });

  it("takes one that was built again, and removes the earlier one unless a container uses it", async () => {
    await ensureImage(engine, image(), c);
    await writeFile(file, "another root file system");
    await recordImage({ file }, file, c);
    await ensureImage(engine, image(), c);
    expect(calls).toEqual(["import", "import", "rmi image 1"]);
  });

  it("keeps the imported one when the cache was emptied", async () => {
    await ensureImage(engine, image(), c);
    await rm(`${file}.json`);
    await rm(file);
    expect(await ensureImage(engine, image(), c)).toBe("localhost/localkube-machine:k");
    expect(calls).toEqual(["import"]);
  });

  it("refuses one that was damaged without a trace, and removes it so that it is built again", async () => {
    await spoilSilently();
    expect(await readFile(file, "utf8")).toBe("root file sYstem");
    await expect(ensureImage(engine, image(), c)).rejects.toMatchObject({ id: "DRIVER_IMAGE_DAMAGED" });
    expect(calls).toEqual([]);
    expect(await isWhole(file)).toBe(false);
  });
});
