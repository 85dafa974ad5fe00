import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildDebianArtifacts } from "../../src/artifacts/debian/build.ts";
import { debianImages } from "../../src/artifacts/debian-image/images.ts";
import type { OwnProgram } from "../../src/artifacts/debian/recipe.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { unpackImage } from "./unpacked-image.ts";

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
  return whereItCanBeMade(async (c) => {
    const { files } = await buildDebianArtifacts({ arch: c.host.arch }, c);
    return join(await unpackImage(files.get(`${name}.tar`)!.file, folder), name);
  }, signal);
}

/**
 * A program of one of the images that are made of Debian's packages, unpacked below `folder`: a script that runs it with the libraries of the image,
 * whatever this host has of the same.
 */
export async function debianProgram(
  image: string,
  path: string,
  folder: string,
  signal: AbortSignal,
): Promise<string | Unavailable> {
  return whereItCanBeMade(async (c) => {
    const wish = { name: image, ref: `localkube.local/${image}`, neededBy: "a test" };
    const { images } = await debianImages([wish], { arch: c.host.arch, mirror: "" }, c);
    const layer = await unpackImage(images.get(image)!.file, folder);
    const linker = (await readdir(layer, { recursive: true })).find((name) =>
      /\/ld-linux[^/]*\.so\.\d+$/.test(name),
    );
    const libraries = ["lib", "usr/lib"].map((name) => join(layer, name, triplets[c.host.arch])).join(":");
    const script = join(folder, image);
    const command = `exec ${join(layer, linker!)} --library-path ${libraries} ${join(layer, path)} "$@"`;
    await writeFile(script, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    return script;
  }, signal);
}

const triplets = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

async function whereItCanBeMade(
  make: (c: RunContext) => Promise<string>,
  signal: AbortSignal,
): Promise<string | Unavailable> {
  const nothing = () => undefined;
  try {
    return await make({ host: hostContext(), signal, report: nothing, log: nothing });
  } catch (error) {
    const lacking = ["DEBIAN_TOOL_MISSING", "DEBIAN_BUILD_NO_RIGHTS", "DEBIAN_ARCHIVE_UNREACHABLE"];
    if (process.env["CI"] !== "true" && error instanceof LocalkubeError && lacking.includes(error.id))
      return { reason: `${error.message}; ${error.fix}` };
    throw error;
  }
}
