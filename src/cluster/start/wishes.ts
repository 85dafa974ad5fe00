import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import type { ArtifactSet, ImageWish, ProgramRelease, ProgramWish, Wishes } from "../../contract/artifact.ts";
import type { RuntimeProgram } from "../../contract/runtime.ts";
import { nodePrograms } from "../../provision/programs/node-programs.ts";
import { ociRuntimes, ociRuntimesByName, withOciRuntimes } from "../../runtimes/oci/registry.ts";
import { runtimeFor, runtimes } from "../../runtimes/registry.ts";

/** What the image of cluster DNS is called among a cluster's wishes. */
export const clusterDnsImage = "cluster-dns";

/**
 * Everything a cluster of that Kubernetes version with that runtime wants from outside; which versions belong together is in the catalogue.
 * Throws an Error that names the wish for which the catalogue has nothing, KUBERNETES_VERSION_UNKNOWN, RUNTIME_UNKNOWN and
 * RUNTIME_NOT_FOR_VERSION. Pure.
 */
export function artifactWishes(
  kubernetesVersion: string,
  runtimeName: string,
  ociNames: readonly string[] = [],
): Wishes {
  const entry = catalogueEntry(kubernetesVersion);
  const { version, minor, programs, images } = entry;
  const runtime = withOciRuntimes(runtimeFor(runtimeName, entry), ociRuntimesByName(ociNames));
  const ofCatalogue = (table: Readonly<Record<string, string>>, name: string, neededBy: string): string => {
    const found = table[name];
    if (found === undefined)
      throw new Error(`${neededBy} wants ${name}, of which the catalogue has none for ${version}`);
    return found;
  };
  const program =
    (neededBy: string) =>
    (release: ProgramRelease): ProgramWish => ({
      ...release,
      version: ofCatalogue(programs, release.name, neededBy),
      neededBy,
    });
  const image =
    (neededBy: string) =>
    (name: string): ImageWish => ({ name, ref: ofCatalogue(images, name, neededBy), neededBy });
  const byRuntime = `the runtime ${runtime.name}`;
  const ofRuntime = ({ release, ...wanted }: RuntimeProgram): readonly ProgramWish[] => {
    const version = wanted.versions(minor)?.install;
    // Without one it is used where the machine has it.
    return version === undefined ? [] : [{ ...release, version, neededBy: byRuntime }];
  };
  return {
    programs: [...nodePrograms.map(program("every node")), ...runtime.programs.flatMap(ofRuntime)],
    images: [...runtime.images.map(image(byRuntime)), image("cluster DNS")(clusterDnsImage)],
  };
}

/** Why a machine that localkube makes would not have that program, as a clause; undefined when it would. Pure. */
export function absence(
  { name, package: debian, versions }: Pick<RuntimeProgram, "name" | "package" | "versions">,
  minor: number,
  { source }: Pick<ArtifactSet, "source">,
): string | undefined {
  const isReleased = versions(minor)?.install !== undefined;
  if (debian !== undefined || (isReleased && source === "upstream")) return undefined;
  return source === "debian"
    ? `Debian has no package of ${name}`
    : `no release of ${name} for Kubernetes 1.${minor} is known`;
}

/** Every program that any cluster may wish, whatever its version and runtime; each once, also one that several runtimes have. */
export const programReleases = (): readonly ProgramRelease[] => {
  const ofRuntimes = [...runtimes, ...ociRuntimes].flatMap(({ programs }) =>
    programs.map(({ release }) => release),
  );
  return [...new Map([...nodePrograms, ...ofRuntimes].map((one) => [one.name, one])).values()];
};
