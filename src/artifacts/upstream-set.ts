import type { ArtifactSet, ImageFile, LocalFile, ProgramFile, Wishes } from "../contract/artifact.ts";
import type { RunContext } from "../contract/host.ts";
import { ArtifactStore, known, type StoreOptions } from "./artifact-store.ts";
import { forEachParallel } from "./for-each-parallel.ts";
import { cachedImageArchive, registryImageArchive } from "./image/registry-image-archive.ts";
import { wantedProgram } from "./program-release.ts";
import type { Source } from "./source.ts";

type Arch = "amd64" | "arm64";

/** An artifact set, and every path of the tree it was made from. */
export interface UpstreamResult {
  readonly set: ArtifactSet;
  readonly identities: readonly string[];
}

/** Fetches what is missing of the wishes, four files at a time; the first failure ends the others. Errors of `ArtifactStore`. */
export async function fetchUpstream(
  {
    kubernetesVersion,
    wishes,
    arch,
  }: { readonly kubernetesVersion: string; readonly wishes: Wishes; readonly arch: Arch },
  source: Source,
  c: RunContext,
  options: StoreOptions = {},
): Promise<UpstreamResult> {
  const failed = new AbortController();
  const context = { ...c, signal: AbortSignal.any([c.signal, failed.signal]) };
  const store = new ArtifactStore(source, context, options);
  const programs = new Map<string, ProgramFile>();
  const images = new Map<string, ImageFile>();
  const files = new Map<string, LocalFile>();
  const { files: wishedFiles = [] } = wishes;
  const jobs = [
    ...wishes.programs.map((wish) => async () => {
      const { name, version, unpack } = wish;
      const file = await store.ensure(wantedProgram(wish, version, arch));
      programs.set(name, { ...file, version, ...(unpack ? { unpack } : {}) });
    }),
    ...wishes.images.map(({ name, ref }) => async () => {
      images.set(name, await registryImageArchive(store, ref, arch, context, options));
    }),
    ...wishedFiles.map(({ name, digest }) => async () => {
      files.set(name, await store.ensure(known(name, digest)));
    }),
  ];
  try {
    await forEachParallel(jobs, 4, failed);
  } finally {
    await store.save();
  }
  const set = {
    source: "upstream",
    kubernetesVersion,
    programs: inOrder(wishes.programs, programs),
    images: inOrder(wishes.images, images),
    ...(wishedFiles.length > 0 ? { files: inOrder(wishedFiles, files) } : {}),
  } as const;
  return { set, identities: [...store.identities] };
}

/** Whether `fetchUpstream` would need no network. */
export async function upstreamComplete(
  { programs, images, files = [] }: Wishes,
  arch: Arch,
  c: Pick<RunContext, "host" | "signal">,
): Promise<boolean> {
  const quiet: RunContext = { ...c, report: () => undefined, log: () => undefined };
  const store = new ArtifactStore({ kind: "upstream" }, quiet);
  for (const wish of programs) if (!(await store.has(wantedProgram(wish, wish.version, arch)))) return false;
  for (const { ref } of images) if (!(await cachedImageArchive(store, ref, arch, c))) return false;
  for (const { name, digest } of files) if (!(await store.has(known(name, digest)))) return false;
  return true;
}

/** What was found, in the order of the wishes. */
export const inOrder = <T>(
  wishes: readonly { readonly name: string }[],
  found: ReadonlyMap<string, T>,
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    wishes.flatMap(({ name }) => {
      const file = found.get(name);
      return file === undefined ? [] : [[name, file]];
    }),
  );
