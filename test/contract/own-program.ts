import { createReadStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { extract } from "tar-stream";
import { buildDebianArtifacts } from "../../src/artifacts/debian/build.ts";
import type { OwnProgram } from "../../src/artifacts/debian/recipe.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { hostContext } from "../../src/host/host-context.ts";

/** Why the program is not here; only for hosts that are no CI machine, where that is a failure. */
export interface Unavailable {
  readonly reason: string;
}

/** A program of ours out of its image in the cache, which is built when it is not there; unpacked below `folder`. */
export async function ownProgram(
  name: OwnProgram,
  folder: string,
  signal: AbortSignal,
): Promise<string | Unavailable> {
  const host = hostContext();
  try {
    const report = () => undefined;
    const { files } = await buildDebianArtifacts({ arch: host.arch }, { host, signal, report, log: report });
    const image = join(folder, "image");
    await untar(createReadStream(files.get(`${name}.tar`)!.file), image);
    const index = await readJson<{ manifests: { digest: string }[] }>(join(image, "index.json"));
    const manifest = await readJson<{ layers: { digest: string }[] }>(
      blob(image, index.manifests[0]?.digest),
    );
    await untar(createReadStream(blob(image, manifest.layers[0]?.digest)), join(folder, "layer"));
    return join(folder, "layer", name);
  } catch (error) {
    const lacking = ["DEBIAN_TOOL_MISSING", "DEBIAN_BUILD_NO_RIGHTS", "DEBIAN_ARCHIVE_UNREACHABLE"];
    if (process.env["CI"] !== "true" && error instanceof LocalkubeError && lacking.includes(error.id))
      return { reason: `${error.message}; ${error.fix}` };
    throw error;
  }
}

async function untar(source: Readable, folder: string): Promise<void> {
  const reader = extract();
  const read = pipeline(source, reader);
  for await (const entry of reader) {
    const content: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) content.push(chunk);
    if (entry.header.type !== "file") continue;
    const file = join(folder, entry.header.name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, Buffer.concat(content), { mode: entry.header.mode ?? 0o644 });
  }
  await read;
}

const blob = (image: string, digest = ""): string => join(image, "blobs", digest.replace(":", "/"));
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, "utf8")) as T;
