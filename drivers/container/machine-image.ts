import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { MachineImage } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Engine } from "./engine.ts";

const repository = "localkube-machine";
/** Also finds an image that lost its name because two localkubes imported it at the same time. */
const imageLabel = "dev.localkube.image";
const importTimeoutMs = 600_000;

/**
 * Imports the root file system into the engine's store once per content key; returns the image's name. Rejects with DRIVER_IMAGE_DAMAGED (the
 * damaged file is removed, so the next start builds it again) or DRIVER_NO_SPACE.
 */
export async function ensureImage(engine: Engine, image: MachineImage, c: RunContext): Promise<string> {
  const name = `${engine.dialect.imagePrefix}${repository}:${image.key}`;
  if (await engine.inspect("image", name, { signal: c.signal })) return name;
  const driver = engine.dialect.program;
  c.report({ message: `importing the machine image into ${driver}` });
  await checkDigest(image, c.signal);
  const changes = ['CMD ["/sbin/init"]', `LABEL ${imageLabel}=${image.key}`];
  const result = await engine.change(
    ["import", ...changes.flatMap((change) => ["--change", change]), image.file, name],
    { signal: c.signal, timeoutMs: importTimeoutMs, allowFailure: true },
  );
  if (result.exitCode === 0) return name;
  const output = result.stderr.trim();
  if (/no space left/i.test(output)) throw new LocalkubeError("DRIVER_NO_SPACE", { driver }, { output });
  throw new LocalkubeError("DRIVER_CREATE_FAILED", { driver, name }, { output });
}

/** The builder writes `<file>.json` with the digest beside the image; an image from elsewhere has none and is used as it is. */
async function checkDigest({ file }: MachineImage, signal: AbortSignal): Promise<void> {
  const record = await readFile(`${file}.json`, "utf8").catch(() => undefined);
  if (record === undefined) return;
  const { sha256 } = JSON.parse(record) as { sha256: string };
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, { signal });
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
    // Never with --force: podman would remove the containers that use it.
    const { exitCode, stderr } = await engine.change(["rmi", id], { ...options, allowFailure: true });
    if (exitCode === 0) removed.push(name);
    else c.log(`the image ${name} stays: ${stderr.trim()}`);
  }
  return removed;
}
