import { PassThrough, pipeline as pipe, type Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { Extract, Pack } from "tar-stream";
import type { ArchiveForm } from "../../contract/runtime.ts";
import {
  type ArchiveFacts,
  type ArchiveImage,
  type Descriptor,
  type DockerImage,
  nameAnnotation,
} from "./inspect-archive.ts";
import type { ImageNames } from "./naming.ts";

/** What a runtime reads. */
export interface WantedForm {
  readonly form: ArchiveForm;
  /** Of the node, where an image has several. */
  readonly arch: "amd64" | "arm64";
}

/**
 * The same archive with exactly these names, in the form that the runtime reads. Runtimes take the names in an OCI layout literally, even short
 * ones, which then can neither be looked up nor let other names of the image be. An archive that already has these names and this form is passed on
 * unchanged. The stream fails with what is wrong with an image that cannot be told in that form.
 */
export async function renamedArchive(
  tar: Readable,
  facts: ArchiveFacts,
  names: ImageNames,
  wanted: WantedForm,
): Promise<Readable> {
  const isConverted = wanted.form === "docker-archive" && facts.kind === "oci";
  const same = ({ id, names: own, tags }: ArchiveImage) =>
    tags.length === 0 && JSON.stringify(own) === JSON.stringify(names.get(id));
  if (!isConverted && facts.images.every(same)) return tar;
  const { extract, pack } = await import("tar-stream");
  const entries = extract();
  const result = pack();
  const rewritten = isConverted
    ? converted(entries, result, names, wanted)
    : renamed(entries, result, facts.kind, names);
  // Whatever fails, the returned stream fails with that error, and its end ends the others.
  const out = new PassThrough();
  pipe(result, out, () => tar.destroy());
  tar.once("error", (error) => entries.destroy(error));
  tar.pipe(entries);
  rewritten.then(
    () => result.finalize(),
    (error: unknown) => out.destroy(error as Error),
  );
  return out;
}

/** The file of an archive that contains the names. */
const tables = { "docker-archive": "manifest.json", oci: "index.json" } as const;

async function renamed(
  entries: Extract,
  result: Pack,
  kind: ArchiveFacts["kind"],
  names: ImageNames,
): Promise<void> {
  for await (const entry of entries) {
    const { header } = entry;
    if (plainName(header.name) === tables[kind]) {
      const text = JSON.stringify(
        renamedTable(JSON.parse((await buffer(entry)).toString("utf8")), kind, names),
      );
      result.entry({ name: header.name, mode: header.mode, mtime: header.mtime }, text);
    } else await passOn(entry, result);
  }
}

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

async function passOn(entry: Entry, result: Pack): Promise<void> {
  const { header } = entry;
  if (header.type === "file" || header.type === "contiguous-file") {
    await pipeline(entry, result.entry(header));
    return;
  }
  result.entry(header);
  entry.resume();
}

const plainName = (name: string): string => name.replace(/^\.\//, "");

function renamedTable(table: unknown, kind: ArchiveFacts["kind"], names: ImageNames): unknown {
  if (kind === "docker-archive")
    return (table as DockerImage[]).map((image) => ({ ...image, RepoTags: names.get(image.Config ?? "") }));
  const index = table as { readonly manifests?: readonly Descriptor[] };
  // One descriptor for each name; that of a second name in the archive would only repeat them.
  const once = new Map((index.manifests ?? []).map((manifest) => [manifest.digest ?? "", manifest]));
  const manifests = [...once].flatMap(([id, manifest]) =>
    (names.get(id) ?? []).map((ref) => ({
      ...manifest,
      annotations: { ...manifest.annotations, [nameAnnotation]: ref },
    })),
  );
  return { ...index, manifests };
}

/** Manifests and indexes are far smaller; layers are not kept. */
const keptBytes = 1024 * 1024;
const keptInAllBytes = 64 * 1024 * 1024;
const ofLayout = ["index.json", "oci-layout", "manifest.json"];

/** An OCI layout as a docker-archive: the blobs as they are, and in place of its tables the one that docker has read in all versions. */
async function converted(
  entries: Extract,
  result: Pack,
  names: ImageNames,
  { arch }: WantedForm,
): Promise<void> {
  const small = new Map<string, Buffer>();
  let kept = 0;
  for await (const entry of entries) {
    const { header } = entry;
    const name = plainName(header.name);
    if (ofLayout.includes(name)) {
      entry.resume();
      continue;
    }
    const size = header.size ?? 0;
    if (header.type !== "file" || size > keptBytes || kept + size > keptInAllBytes) {
      await passOn(entry, result);
      continue;
    }
    const content = await buffer(entry);
    kept += content.length;
    small.set(name, content);
    result.entry(header, content);
  }
  const table = [...names].map(([id, refs]) => ({ ...dockerImage(id, small, arch), RepoTags: refs }));
  result.entry({ name: "manifest.json", mode: 0o644 }, JSON.stringify(table));
}

interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  /** Of an index: one for each platform. */
  readonly manifests?: readonly (Descriptor & {
    readonly platform?: { readonly os?: string; readonly architecture?: string };
  })[];
}

function dockerImage(
  id: string,
  blobs: ReadonlyMap<string, Buffer>,
  arch: string,
): { readonly Config: string; readonly Layers: readonly string[] } {
  const content = blobs.get(blobPath(id));
  if (!content) throw new Error(`the archive has no manifest ${id}`);
  const { config, layers, manifests } = JSON.parse(content.toString("utf8")) as Manifest;
  if (manifests) {
    const own = manifests.find(({ platform }) => platform?.os === "linux" && platform.architecture === arch);
    if (!own?.digest) throw new Error(`the image ${id} has no part for linux/${arch}`);
    return dockerImage(own.digest, blobs, arch);
  }
  if (!config?.digest || !layers) throw new Error(`${id} is no manifest of an image`);
  return { Config: blobPath(config.digest), Layers: layers.map(({ digest = "" }) => blobPath(digest)) };
}

const blobPath = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
