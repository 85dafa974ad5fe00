import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { convertDisk } from "../../../../src/host/image-file/convert-disk.ts";
import { recordingHost } from "../../drivers/recording-host.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-convert-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const measured = (required: number) => ["measure", { stdout: JSON.stringify({ required }) }] as const;
const tebibytes = 2 ** 52;

async function disk(bytes: number): Promise<{ file: string; format: string }> {
  const file = join(folder, "disk");
  await writeFile(file, Buffer.alloc(bytes, "x"));
  await truncate(file, 40 * 2 ** 30);
  return { file, format: "vmdk" };
}

it("what a format says to be full is measured by the file, which is small", async () => {
  const { c, commands } = recordingHost([measured(tebibytes)]);
  await convertDisk(await disk(100_000), { file: join(folder, "to"), format: "qcow2" }, c);
  expect(commands.at(-1)?.slice(0, 2)).toEqual(["qemu-img", "convert"]);
});

it("nothing is begun where the disk is too full for it", async () => {
  const { c, commands } = recordingHost([measured(2 ** 20)]);
  // /proc has no free space, on any Linux.
  await expect(
    convertDisk(await disk(2 ** 20), { file: "/proc/to", format: "vdi" }, c),
  ).rejects.toMatchObject({ id: "IMAGE_NO_SPACE", params: { folder: "/proc", needed: 3 } });
  expect(commands).toHaveLength(1);
});

it("a disk that gets full meanwhile is told as that", async () => {
  const failure = new LocalkubeError(
    "HOST_COMMAND_FAILED",
    { command: "qemu-img", exitCode: 1 },
    { output: "qemu-img: error while writing at byte 0: No space left on device" },
  );
  const { c } = recordingHost([measured(2 ** 20), ["convert", failure]]);
  await expect(
    convertDisk(await disk(1000), { file: join(folder, "to"), format: "vdi" }, c),
  ).rejects.toMatchObject({ id: "IMAGE_NO_SPACE" });
});
