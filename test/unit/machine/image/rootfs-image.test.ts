import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../../../src/contract/host.ts";
import { isWhole } from "../../../../src/host/image-file/image-record.ts";
import { assertSpace } from "../../../../src/machine/image/assert-space.ts";
import { buildFailure } from "../../../../src/machine/image/build-failure.ts";
import { imageBuilder } from "../../../../src/machine/image/image-builder.ts";
import { buildRootfsImage, rootfsImage } from "../../../../src/machine/image/rootfs-image.ts";
import { recordingHost } from "../../drivers/recording-host.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-rootfs-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A builder that writes its tar after a while, or says why not; LOCALKUBE_IMAGE_BUILDER names the real argv to make. */
function context(build: (file: string) => Promise<void>): {
  c: RunContext;
  builds: string[];
  said: string[];
} {
  const env = { PATH: "/nowhere", LOCALKUBE_IMAGE_BUILDER: "mmdebstrap" };
  const { host, c } = recordingHost([], env);
  const builds: string[] = [];
  const said: string[] = [];
  const run: typeof host.run = async (argv) => {
    const file = argv.find((word) => word.endsWith(".partial")) ?? "";
    builds.push(argv[0]);
    await build(file);
    return { exitCode: 0, stdout: "", stderr: "" };
  };
  const report: RunContext["report"] = ({ message = "" }) => said.push(message);
  return { c: { ...c, report, host: { ...host, run, cacheDir: folder } }, builds, said };
}

describe("the machine image", () => {
  it("is built once by two that want it at the same time; the second says that it waits", async () => {
    const write = async (file: string) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await writeFile(file, "tar");
    };
    const [a, b] = [context(write), context(write)];
    const image = await rootfsImage(a.c.host);
    await Promise.all([buildRootfsImage(image, a.c), buildRootfsImage(image, b.c)]);
    expect([...a.builds, ...b.builds]).toEqual(["mmdebstrap"]);
    expect([...a.said, ...b.said].join()).toContain("waiting for another localkube");
    expect(await isWhole(image.file)).toBe(true);
    expect((await readdir(join(folder, "images"))).sort()).toEqual([
      `machine-${image.key}.tar`,
      `machine-${image.key}.tar.json`,
    ]);
  });

  it("is not there after a build that failed or that was killed in the middle, and is built by the next", async () => {
    const failing = context(async (file) => {
      await writeFile(file, "half");
      throw new LocalkubeError("HOST_COMMAND_FAILED", { command: "mmdebstrap", exitCode: 1 });
    });
    const image = await rootfsImage(failing.c.host);
    await expect(buildRootfsImage(image, failing.c)).rejects.toMatchObject({ id: "DEBIAN_ROOT_FAILED" });
    expect(await readdir(join(folder, "images"))).toEqual([]);
    await mkdir(join(folder, "images"), { recursive: true });
    await writeFile(`${image.file}.4711.partial`, "half of a killed one");
    expect(await isWhole(image.file)).toBe(false);
    await buildRootfsImage(image, context((file) => writeFile(file, "tar")).c);
    expect(await isWhole(image.file)).toBe(true);
    expect(await readdir(join(folder, "images"))).toHaveLength(2);
  });

  it("is not begun where the disk is full", async () => {
    // /proc has no free space, on any Linux.
    await expect(assertSpace("/proc", { env: {} })).rejects.toMatchObject({
      id: "IMAGE_NO_SPACE",
      params: { folder: "/proc", variable: "XDG_CACHE_HOME" },
    });
  });

  it("is built again when the file in the cache was cut short", async () => {
    const { c, builds } = context((file) => writeFile(file, "tar"));
    const image = await rootfsImage(c.host);
    await buildRootfsImage(image, c);
    await writeFile(image.file, "t");
    await buildRootfsImage(image, c);
    await buildRootfsImage(image, c);
    expect(builds).toHaveLength(2);
  });
});

describe("the builder", () => {
  it("is the one that is named, mmdebstrap before an engine, and an error without any", async () => {
    const programs = async (...names: string[]) => {
      for (const name of names) await writeFile(join(folder, name), "#!/bin/sh\n", { mode: 0o755 });
    };
    const env = (rest: object = {}) => ({ env: { PATH: folder, ...rest } });
    await expect(imageBuilder(env({ LOCALKUBE_IMAGE_BUILDER: "magic" }))).rejects.toMatchObject({
      id: "IMAGE_BUILDER_UNKNOWN",
    });
    expect(await imageBuilder(env({ LOCALKUBE_IMAGE_BUILDER: "containerfile" }))).toBe("containerfile");
    await programs("podman");
    expect(await imageBuilder(env())).toBe("containerfile");
    await programs("mmdebstrap");
    expect(await imageBuilder(env())).toBe("mmdebstrap");
  });
});

describe("a failed build", () => {
  const place = { suite: "bookworm", archive: "http://127.0.0.1:1/debian", tarFolder: "/cache" };
  const failed = new LocalkubeError("HOST_COMMAND_FAILED", { command: "mmdebstrap", exitCode: 25 });
  const explain = (line: string, rest: object = {}) =>
    buildFailure(["I: running apt-get update...", line], failed, { ...place, ...rest }, { env: {} });

  it.each([
    // What mmdebstrap 1.3.5 with apt 2.6, and podman 4.3, said.
    [
      "E: Failed to fetch http://127.0.0.1:1/debian/dists/bookworm/InRelease  Could not connect to 127.0.0.1:1 (127.0.0.1). - connect (111: Connection refused)",
      "DEBIAN_ARCHIVE_UNREACHABLE",
    ],
    [
      "Err:1 http://deb.debian.org/debian bookworm InRelease Temporary failure resolving 'deb.debian.org'",
      "DEBIAN_ARCHIVE_UNREACHABLE",
    ],
    ["dpkg: error: write failed: No space left on device", "IMAGE_NO_SPACE"],
    ["dpkg: error processing package etcd-server (--configure)", "DEBIAN_ROOT_FAILED"],
  ])("with '%s' is %s", (line, id) => {
    expect(explain(line)).toMatchObject({ id });
  });

  it("names the base image that could not be downloaded", () => {
    const line =
      'Error: creating build container: initializing source docker://debian:12: pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host';
    const error = explain(line, { baseImage: "docker.io/library/debian:12" });
    expect(error).toMatchObject({
      id: "IMAGE_REGISTRY_UNREACHABLE",
      params: { image: "docker.io/library/debian:12" },
    });
  });

  it("because of a missing program names its package", () => {
    const missing = new LocalkubeError("HOST_COMMAND_NOT_FOUND", { program: "mmdebstrap" });
    expect(buildFailure([], missing, place, { env: {} })).toMatchObject({
      id: "IMAGE_TOOL_MISSING",
      fix: "sudo apt-get install mmdebstrap",
    });
  });
});
