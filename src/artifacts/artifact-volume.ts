import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactSet, LocalFile } from "../contract/artifact.ts";
import type { RunContext } from "../contract/host.ts";
import { writeIso } from "../host/iso/write-iso.ts";

/** An ISO image whose files are artifacts, named by their SHA-256. */
export interface ArtifactVolume {
  readonly file: string;
  readonly digests: ReadonlySet<string>;
}

const volumeLabel = "localkube";
/** A younger one may still be being written by another start, or be about to be attached to a machine. */
const keptMs = 3_600_000;

/**
 * The artifacts of a cluster as an ISO image that a hypervisor can attach to a machine, built once per content beside the cache; images
 * with other content are removed after an hour, because by then a machine has copied what it needs. Each file is checked against its digest as it is
 * added; an image that was modified since is built again. Rejects when a file changed or does not fit an ISO image (4 GiB).
 */
export async function artifactVolume(
  { programs, images }: ArtifactSet,
  c: RunContext,
): Promise<ArtifactVolume> {
  const all = [...Object.values(programs), ...Object.values(images)];
  const files = new Map(all.map(({ sha256, file }: LocalFile) => [sha256, file]));
  const digests = [...files.keys()].sort();
  const key = createHash("sha256").update(digests.join()).digest("hex").slice(0, 16);
  const folder = join(c.host.cacheDir, "volumes");
  const file = join(folder, `artifacts-${key}.iso`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await isAsMade(file))) {
    c.report({ message: "creating the artifacts ISO image" });
    const entries = digests.map((sha256) => ({
      name: sha256,
      content: { file: files.get(sha256)!, sha256 },
    }));
    await writeIso(file, entries, { label: volumeLabel, signal: c.signal });
    const { default: writeFileAtomic } = await import("write-file-atomic");
    await writeFileAtomic(markFile(file), await mark(file));
  }
  await sweep(folder, file);
  return { file, digests: new Set(digests) };
}

const markFile = (file: string): string => `${file}.mark`;

/** Like the cache's files: one whose size, time and inode are unchanged is not read again. */
async function mark(file: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(file, { bigint: true });
  return `${size} ${mtimeNs} ${ino}\n`;
}

async function isAsMade(file: string): Promise<boolean> {
  try {
    return (await readFile(markFile(file), "utf8")) === (await mark(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Volumes with other content and leftovers of killed starts. What cannot be removed now because it is in use is removed next time. */
async function sweep(folder: string, kept: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    if (!volumeNames.test(name) || other === kept || other === markFile(kept)) continue;
    const found = await stat(other).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs < keptMs) continue;
    await rm(other, { force: true }).catch(() => undefined);
  }
}

const volumeNames = /^artifacts-[0-9a-f]{16}\.iso(?:\.\w+)?(?:\.partial)?$/;
