import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { hostContext } from "../../src/host/host-context.ts";
import { recordImage } from "../../src/host/image-file/image-record.ts";
import { rootfsImage } from "../../src/machine/image/rootfs-image.ts";
import { recordingHost } from "../unit/drivers/recording-host.ts";
import { localkube, temporaryHome } from "./run-localkube.ts";

const dryRun = ["start", "-p", "web", "--driver", "podman", "--dry-run"];

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

/** Puts a machine image into the cache that was built that many days ago. */
async function cacheImage(days: number): Promise<void> {
  const { file } = await rootfsImage({ ...hostContext(), cacheDir: join(home, "cache", "localkube") });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "root file system");
  const at = Date.now() / 1000 - days * 86_400;
  await utimes(file, at, at);
  await recordImage({ file }, file, recordingHost([]).c);
}

test("start says in one line that the cached machine image is old, and how to build it again", async () => {
  await cacheImage(75);
  const { stdout, stderr } = await localkube(home, dryRun);
  const told = stderr.split("\n").filter((line) => line.includes("--refresh-image"));
  expect(told).toEqual([
    expect.stringMatching(
      /the machine image \w+ was built 75 days ago; build it again with: localkube start --refresh-image$/,
    ),
  ]);
  expect(stdout).not.toContain("machine image");
});

test("start says nothing of an image that is newer, or that it builds again", async () => {
  await cacheImage(59);
  expect((await localkube(home, dryRun)).stderr).not.toContain("--refresh-image");
  await cacheImage(75);
  const { stdout, stderr } = await localkube(home, [...dryRun, "--refresh-image"]);
  expect(stderr).not.toContain("75 days");
  expect(stdout).toMatch(/^ {2}- build the machine image \w+ .*, and replace the cached one with it$/m);
});

test("--refresh-image is refused where localkube does not build the image", async () => {
  for (const rest of [
    ["--driver", "qemu", "--image", "https://127.0.0.1:1/disk.qcow2#sha256=" + "0".repeat(64)],
    ["--driver", "ssh", "--ssh-host", "127.0.0.1"],
  ]) {
    const { stderr, exitCode } = await localkube(home, ["start", "--dry-run", "--refresh-image", ...rest]);
    expect(stderr).toContain("Error IMAGE_NOT_REFRESHABLE");
    expect(exitCode).toBe(2);
  }
});

test("--refresh-image is for one call: it is not stored", async () => {
  const { stderr, exitCode } = await localkube(home, ["config", "set", "refresh-image", "true"]);
  expect(stderr).toContain("Error USAGE_UNKNOWN_SETTING");
  expect(exitCode).toBe(2);
});
