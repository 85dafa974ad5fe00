import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, posix, relative, sep } from "node:path";
import type { ProgramRelease } from "../contract/artifact.ts";
import { type Digest, parseDigest, sha256Digest } from "../contract/digest.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { RunContext } from "../contract/host.ts";
import { companionDigest } from "./companion-digest.ts";
import { compareDigests, fits, hashFile } from "./content-digest.ts";
import { readSums } from "./mirror-sums.ts";
import { publishedDigests } from "./program-release.ts";
import { openSource } from "./source.ts";

export interface MirrorFault {
  readonly path: string;
  readonly problem: string;
}

export interface MirrorReport {
  readonly files: number;
  /** Files whose content does not match a digest, and files that SHA256SUMS names but that are missing. */
  readonly bad: readonly MirrorFault[];
  /** Files for which no digest is known. */
  readonly unverified: readonly string[];
}

/**
 * Hashes every file of a mirror's folder and compares it with everything known about it: our catalogue (of the programs
 * that `releases` locates, and of images), the mirror's SHA256SUMS, the publisher's tables of digests beside it, and the digest in a blob's own name. Changes nothing. MIRROR_INVALID if there is
 * no such folder.
 */
export async function verifyMirror(
  folder: string,
  releases: readonly ProgramRelease[],
  c: RunContext,
): Promise<MirrorReport> {
  const source = await openSource(folder);
  if (source.kind !== "folder")
    throw new LocalkubeError("MIRROR_INVALID", { mirror: folder, problem: "only a folder can be verified" });
  const root = source.folder;
  const sums = await readSums(root);
  const paths = await filesOf(root);
  const published = publishedDigests(releases);
  const bad: MirrorFault[] = [...sums.keys()]
    .filter((path) => !paths.includes(path))
    .map((path) => ({ path, problem: "is missing" }));
  const unverified: string[] = [];
  for (const [index, path] of paths.entries()) {
    c.report({ message: `Checking ${path}`, done: index, total: paths.length, unit: "items" });
    const claims = await claimsAbout(root, path, published(path), sums);
    if (claims.length === 0) unverified.push(path);
    const strongest = claims.find(({ expected }) => expected.algorithm === "sha512")?.expected;
    const found = await hashFile(join(root, path), { expected: strongest, signal: c.signal });
    const broken = claims.find(({ expected }) => !fits(expected, found));
    if (!broken) continue;
    const { wanted, got } = compareDigests(broken.expected, found);
    bad.push({ path, problem: `has digest ${got}, but ${broken.by} says ${wanted}` });
  }
  return { files: paths.length, bad, unverified };
}

interface Claim {
  readonly by: string;
  readonly expected: Digest;
}

async function claimsAbout(
  root: string,
  path: string,
  published: Digest | undefined,
  sums: ReadonlyMap<string, string>,
): Promise<Claim[]> {
  const beside = async (name: string) => {
    const text = await readFile(join(root, dirname(path), name), "utf8").catch(() => "");
    return companionDigest(text, basename(path));
  };
  const sum = sums.get(path);
  const found: readonly (readonly [string, Digest | undefined])[] = [
    ["the catalogue", published],
    ["SHA256SUMS", sum === undefined ? undefined : sha256Digest(sum)],
    ["its name", parseDigest(basename(path))],
    [`${basename(path)}.sha256`, await beside(`${basename(path)}.sha256`)],
    [`${dirname(path)}/SHA256SUMS`, path === "SHA256SUMS" ? undefined : await beside("SHA256SUMS")],
    [`${dirname(path)}/SHA512SUMS`, await beside("SHA512SUMS")],
    [`${basename(path)}.DIGESTS`, await beside(`${basename(path)}.DIGESTS`)],
  ];
  return found.flatMap(([by, expected]) => (expected === undefined ? [] : [{ by, expected }]));
}

/** Relative paths with `/`; without the table itself and what localkube keeps beside artifacts. */
async function filesOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !/^\.|\.part(\.json)?$|\.lock$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join(posix.sep))
    .filter((path) => path !== "SHA256SUMS")
    .sort();
}
