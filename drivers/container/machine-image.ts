import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { MachineImage } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { CommandResult, RunContext } from "../../src/contract/host.ts";
import { recordedDigest } from "../../src/host/image-file/image-record.ts";
import type { Engine } from "./engine.ts";

const repository = "localkube-machine";
/** Also finds an image that lost its name because two localkubes imported it at the same time. */
const imageLabel = "dev.localkube.image";
/** Digest of the file it was imported from. */
const digestLabel = "dev.localkube.image-digest";
const importTimeoutMs = 600_000;

/**
 * Imports the root file system into the engine's store unless that file is there already; returns the image's name. A file that was built
 * again under the same key takes over the name; the earlier image stays as long as containers use it. Rejects with DRIVER_IMAGE_DAMAGED
 * (the damaged file is removed, so the next start builds it again) or DRIVER_NO_SPACE.
 */
export async function ensureImage(engine: Engine, image: MachineImage, c: RunContext): Promise<string> {
  const name = `${engine.dialect.imagePrefix}${repository}:${image.key}`;
  // An image from elsewhere has no record and is used as it is.
  const digest = await recordedDigest(image.file);
  const found = (await engine.inspect("image", name, { signal: c.signal })) as ImageFacts | undefined;
  // Without the label it was imported by an earlier localkube, which did not say from what.
  if (found && (digest === undefined || found.Config?.Labels?.[digestLabel] === digest)) return name;
  const driver = engine.dialect.program;
  c.report({ message: `importing the machine image into ${driver}` });
  if (digest !== undefined) await checkDigest(image, digest, c.signal);
  const changes = [
    'CMD ["/sbin/init"]',
    `LABEL ${imageLabel}=${image.key}`,
    ...(digest === undefined ? [] : [`LABEL ${digestLabel}=${digest}`]),
  ];
  const result = await engine.change(
    ["import", ...changes.flatMap((change) => ["--change", change]), image.file, name],
    { signal: c.signal, timeoutMs: importTimeoutMs, allowFailure: true },
  );
  if (result.exitCode === 0) {
    if (found) await removeUnused(engine, found.Id, c);
    return name;
  }
  const output = result.stderr.trim();
  if (/no space left/i.test(output)) throw new LocalkubeError("DRIVER_NO_SPACE", { driver }, { output });
  throw new LocalkubeError("DRIVER_CREATE_FAILED", { driver, name }, { output });
}

/** The part of podman's and docker's `image inspect` output that we use. */
interface ImageFacts {
  readonly Id: string;
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
}

/** Without --force, with which podman would remove the containers that use it. */
const removeUnused = (engine: Engine, id: string, c: RunContext): Promise<CommandResult> =>
  engine.change(["rmi", id], { signal: c.signal, timeoutMs: 120_000, allowFailure: true });

async function checkDigest({ file }: MachineImage, sha256: string, signal: AbortSignal): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, { signal }).catch(
    (error: unknown) => {
      signal.throwIfAborted(); // Node's own error does not say why
      throw error;
    },
  );
  if (hash.digest("hex") === sha256) return;
  await rm(file, { force: true });
  throw new LocalkubeError("DRIVER_IMAGE_DAMAGED", { file });
}

/** Removes every imported machine image that no container uses; returns their names. Idempotent. */
export async function removeImages(engine: Engine, c: RunContext): Promise<readonly string[]> {
  const options = { signal: c.signal, timeoutMs: 120_000 };
  const list = ["images", "--filter", `label=${imageLabel}`, "--format", "{{.ID}}\t{{.Repository}}:{{.Tag}}"];
  const images = (await engine.run(list, options)).stdout.split("\n").filter(Boolean);
  const removed: string[] = [];
  for (const image of new Set(images)) {
    const [id = "", name = ""] = image.split("\t");
    const { exitCode, stderr } = await removeUnused(engine, id, c);
    if (exitCode === 0) removed.push(name);
    else c.log(`the image ${name} stays: ${stderr.trim()}`);
  }
  return removed;
}
