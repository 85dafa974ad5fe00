import { open, stat } from "node:fs/promises";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../../contract/host.ts";

/** What `qemu-img convert` reads that hypervisors write; by the name that `qemu-img info` gives it. */
const formats = ["qcow2", "raw", "vdi", "vmdk", "vhdx", "vpc"];

/** First bytes, hex. To qemu-img all of these are raw disks. */
const compressions = { xz: "fd377a585a00", gzip: "1f8b", bzip2: "425a68", zstd: "28b52ffd", zip: "504b0304" };

/** The relevant fields of `qemu-img info --output=json`. */
interface Info {
  readonly format: string;
  readonly "backing-filename"?: string;
  readonly "format-specific"?: {
    readonly data?: { readonly "data-file"?: string; readonly extents?: readonly { filename: string }[] };
  };
}

/**
 * The format of a disk image that is not ours, as qemu-img calls it. Rejects with IMAGE_UNUSABLE for a file that is not an image, for a
 * compressed one, and for one that names other files.
 */
export async function usableFormat(own: string, { host, signal }: RunContext): Promise<string> {
  const unusable = (problem: string): LocalkubeError =>
    new LocalkubeError("IMAGE_UNUSABLE", { file: own, problem });
  const found = await stat(own).catch(() => undefined);
  if (!found?.isFile()) throw unusable(found ? "it is no file" : "it is not there");
  const { stdout, stderr, exitCode } = await host.run(["qemu-img", "info", "--output=json", own], {
    signal,
    timeoutMs: 60_000,
    allowFailure: true,
  });
  if (exitCode !== 0) throw unusable(stderr.trim());
  const info = JSON.parse(stdout) as Info;
  if (!formats.includes(info.format))
    throw unusable(`its format ${info.format} is none of ${formats.join(", ")}`);
  const { "data-file": dataFile, extents = [] } = info["format-specific"]?.data ?? {};
  const others = [info["backing-filename"], dataFile, ...extents.map(({ filename }) => filename)];
  const other = others.find((name) => name !== undefined && name !== own);
  if (other !== undefined)
    throw unusable(`it needs another file, ${other}; convert it into one: qemu-img convert`);
  if (info.format === "raw") {
    const packed = await compression(own);
    if (packed !== undefined) throw unusable(`it is packed by ${packed}; unpack it first`);
  }
  return info.format;
}

async function compression(file: string): Promise<string | undefined> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const start = buffer.subarray(0, bytesRead).toString("hex");
    return Object.entries(compressions).find(([, magic]) => start.startsWith(magic))?.[0];
  } finally {
    await handle.close();
  }
}
