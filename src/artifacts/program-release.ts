import type { ProgramRelease } from "../contract/artifact.ts";
import type { Digest } from "../contract/digest.ts";
import { known, type Wanted } from "./artifact-store.ts";
import { programDigests } from "./catalogue/catalogue-data.ts";
import { tagDigest } from "./image/registry-image.ts";

type Arch = "amd64" | "arm64";

/** A program of a version in the tree of its publisher, checked by the catalogue's digest where it has one, else by the publisher's table. Pure. */
export function wantedProgram(
  release: Pick<ProgramRelease, "name" | "folder" | "file" | "sums">,
  version: string,
  arch: Arch,
): Wanted {
  const fill = (text: string) => text.replaceAll("{version}", version).replaceAll("{arch}", arch);
  const folder = fill(release.folder);
  const identity = `${folder}/${fill(release.file)}`;
  const digest = programDigests[release.name]?.[version]?.[arch];
  if (digest) return known(identity, digest);
  return { identity, digest: { kind: "companion", identity: `${folder}/${fill(release.sums)}` } };
}

/** The digests that our catalogue holds for identities of these programs in any version, and of any image. */
export function publishedDigests(
  releases: readonly ProgramRelease[],
): (identity: string) => Digest | undefined {
  const digests = new Map<string, Digest>();
  for (const release of releases)
    for (const version of Object.keys(programDigests[release.name] ?? {}))
      for (const arch of ["amd64", "arm64"] as const) {
        const { identity, digest } = wantedProgram(release, version, arch);
        if (digest.kind === "known") digests.set(identity, digest.digest);
      }
  return (identity) => digests.get(identity) ?? tagDigest(identity);
}
