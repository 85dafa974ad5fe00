import { createReadStream } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { extract } from "tar-stream";

/** Unpacks an image of one layer below `folder`; resolves with the folder that has its files, in which absolute links lead to others of them. */
export async function unpackImage(archive: string, folder: string): Promise<string> {
  const image = join(folder, "image");
  await untar(createReadStream(archive), image);
  const index = await readJson<{ manifests: { digest: string }[] }>(join(image, "index.json"));
  const manifest = await readJson<{ layers: { digest: string }[] }>(blob(image, index.manifests[0]?.digest));
  const layer = join(folder, "layer");
  await untar(createReadStream(blob(image, manifest.layers[0]?.digest)), layer);
  return layer;
}

async function untar(source: Readable, folder: string): Promise<void> {
  const reader = extract();
  const read = pipeline(source, reader);
  for await (const entry of reader) {
    const content: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) content.push(chunk);
    const { type, name, linkname = "", mode = 0o644 } = entry.header;
    if (type !== "file" && type !== "symlink") continue;
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    if (type === "file") await writeFile(file, Buffer.concat(content), { mode });
    else await symlink(linkname.startsWith("/") ? join(folder, linkname) : linkname, file);
  }
  await read;
}

const blob = (image: string, digest = ""): string => join(image, "blobs", digest.replace(":", "/"));
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, "utf8")) as T;
