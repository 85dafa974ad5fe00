import type { ProgramDigests, ProgramRelease } from "../contract/artifact.ts";
import type { Digest } from "../contract/digest.ts";
import { known, type Wanted } from "./artifact-store.ts";
import { programDigests } from "./catalogue/catalogue-data.ts";
import { tagDigest } from "./image/registry-image.ts";

type Arch = "amd64" | "arm64";

/** A program of a version in the tree of its publisher, checked by its digest where we hold one, else by the publisher's table. Pure. */
export function wantedProgram(
  release: Pick<ProgramRelease, "name" | "folder" | "file" | "sums" | "digests">,
  version: string,
  arch: Arch,
): Wanted {
  const machine = { amd64: "x86_64", arm64: "aarch64" }[arch];
  const fill = (text: string) =>
    text.replaceAll("{version}", version).replaceAll("{arch}", arch).replaceAll("{machine}", machine);
  const folder = fill(release.folder);
  const identity = `${folder}/${fill(release.file)}`;
  const digest = digestsOf(release)[version]?.[arch];
  if (digest) return known(identity, digest);
  if (release.sums === undefined)
    throw new Error(
      `no digest of ${release.name} ${version} for ${arch} is known, and its publisher has no table of them`,
    );
  return { identity, digest: { kind: "companion", identity: `${folder}/${fill(release.sums)}` } };
}

const digestsOf = ({ name, digests }: Pick<ProgramRelease, "name" | "digests">): ProgramDigests =>
  digests ?? programDigests[name] ?? {};

/** The digests that we hold for identities of these programs in any version, and of any image. */
export function publishedDigests(
  releases: readonly ProgramRelease[],
): (identity: string) => Digest | undefined {
  const digests = new Map<string, Digest>();
  for (const release of releases)
    for (const version of Object.keys(digestsOf(release)))
      for (const arch of ["amd64", "arm64"] as const) {
        const { identity, digest } = wantedProgram(release, version, arch);
        if (digest.kind === "known") digests.set(identity, digest.digest);
      }
  return (identity) => digests.get(identity) ?? tagDigest(identity);
}
