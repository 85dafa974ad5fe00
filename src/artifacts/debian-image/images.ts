import type { ImageFile, ImageWish } from "../../contract/artifact.ts";
import type { RunContext } from "../../contract/host.ts";
import { ArtifactStore, type StoreOptions, type Wanted } from "../artifact-store.ts";
import { openSource, probeSource, type Source } from "../source.ts";
import {
  debianImageKey,
  debianImageRecipe,
  debianImageRef,
  type DebianImageRecipe,
  debianImageSuite,
} from "./recipes.ts";

type Arch = "amd64" | "arm64";

export interface DebianImages {
  /** By the names of their wishes. */
  readonly images: ReadonlyMap<string, ImageFile>;
  /** Every path of the tree that they take, for a mirror. */
  readonly identities: readonly string[];
}

interface WishedImage {
  readonly name: string;
  readonly recipe: DebianImageRecipe;
  readonly wanted: Wanted;
  readonly sums: string;
}

/** Those of the wishes that are made of Debian's packages; the tree has a folder for each key. */
const ofWishes = (wishes: readonly ImageWish[], arch: Arch): readonly WishedImage[] =>
  wishes.flatMap(({ name, ref }) => {
    const recipe = debianImageRecipe(ref);
    if (recipe === undefined) return [];
    const folder = `debian/${debianImageSuite}/images/${recipe.name}/${debianImageKey(recipe)}/linux/${arch}`;
    const sums = `${folder}/SHA256SUMS`;
    const digest = { kind: "companion", identity: sums } as const;
    return [{ name, recipe, sums, wanted: { identity: `${folder}/${recipe.name}.tar`, digest } }];
  });

/** Whether `debianImages` would have nothing to do. Uses no network. */
export async function debianImagesComplete(
  wishes: readonly ImageWish[],
  arch: Arch,
  c: Pick<RunContext, "host" | "signal">,
): Promise<boolean> {
  const store = new ArtifactStore(
    { kind: "upstream" },
    { ...c, report: () => undefined, log: () => undefined },
  );
  for (const { wanted } of ofWishes(wishes, arch)) if (!(await store.has(wanted))) return false;
  return true;
}

/**
 * The wished images that are made of Debian's packages, verified and in the cache; wishes for other images are left out. What is missing or damaged is
 * taken from the mirror if that has it, and is made otherwise. Errors of `ArtifactStore.ensure` and of `buildDebianImages`.
 */
export async function debianImages(
  wishes: readonly ImageWish[],
  { arch, mirror }: { readonly arch: Arch; readonly mirror: string },
  c: RunContext,
  options: StoreOptions = {},
): Promise<DebianImages> {
  const wished = ofWishes(wishes, arch);
  if (wished.length === 0) return { images: new Map(), identities: [] };
  const store = new ArtifactStore(await openSource(mirror), c, options);
  const isMissing = async ({ wanted }: WishedImage): Promise<boolean> => !(await store.has(wanted));
  try {
    for (const image of wished)
      if (mirror && (await isMissing(image)) && (await offers(store.source, image, c)))
        await store.ensure(image.wanted);
    const { buildDebianImages } = await import("./build.ts");
    const missing = async () => {
      const found = [];
      for (const image of wished) if (await isMissing(image)) found.push(image);
      return found.map(({ recipe, wanted, sums }) => ({
        recipe,
        archive: store.path(wanted.identity),
        sums: store.path(sums),
      }));
    };
    await buildDebianImages(missing, arch, c);
    const images = new Map<string, ImageFile>();
    for (const { name, recipe, wanted } of wished)
      images.set(name, { ...(await store.ensure(wanted)), ref: debianImageRef(recipe) });
    return { images, identities: [...store.identities] };
  } finally {
    await store.save();
  }
}

const offers = async (
  source: Source,
  { sums }: WishedImage,
  { host, signal }: RunContext,
): Promise<boolean> =>
  (await probeSource(source, sums, { env: host.env, signal, timeoutMs: 10_000 })).state === "there";
