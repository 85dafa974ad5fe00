import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { openArchive } from "./read-archive.ts";

/** One image of an archive, with its names as written there: not always full, not always usable. */
export interface ArchiveImage {
  /** Digest of its manifest (OCI layout), path of its configuration (docker-archive). */
  readonly id: string;
  readonly names: readonly string[];
  /** Tags without a name, `1.0`: all that an OCI layout has to contain. */
  readonly tags: readonly string[];
}

export interface ArchiveFacts {
  readonly kind: "docker-archive" | "oci";
  readonly images: readonly ArchiveImage[];
}

/** containerd's annotation for a full name; it takes precedence over OCI's. */
export const nameAnnotation = "io.containerd.image.name";
const tagAnnotation = "org.opencontainers.image.ref.name";

/** A larger table of contents is not accepted as one. */
const metadataLimitBytes = 4 * 1024 * 1024;
const metadata = new Set(["manifest.json", "index.json", "oci-layout"]);

/**
 * Reads a whole archive to make sure, before anything is sent, that it is a docker-archive or an OCI layout, complete and not truncated.
 * Rejects with IMAGE_FILE_UNREADABLE or IMAGE_FILE_INVALID.
 */
export async function inspectArchive(file: string, signal: AbortSignal): Promise<ArchiveFacts> {
  const { tar } = await openArchive(file, signal);
  const invalid = (problem: string, cause?: unknown) =>
    new LocalkubeError("IMAGE_FILE_INVALID", { file, problem }, { cause });
  let content: Content;
  try {
    content = await readContent(tar);
  } catch (cause) {
    signal.throwIfAborted();
    throw invalid(`it is no whole tar (${(cause as Error).message})`, cause);
  }
  try {
    return factsOf(content);
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
}

interface Content {
  readonly names: ReadonlySet<string>;
  readonly texts: ReadonlyMap<string, string>;
}

async function readContent(tar: Readable): Promise<Content> {
  const { extract } = await import("tar-stream");
  const names = new Set<string>();
  const texts = new Map<string, string>();
  const entries = extract();
  entries.on("entry", (header, stream, next) => {
    const name = header.name.replace(/^\.\//, "");
    names.add(name);
    const chunks: Buffer[] = [];
    // It fails together with the archive, whose error is the one that counts.
    stream.on("error", () => undefined);
    if (metadata.has(name) && (header.size ?? 0) <= metadataLimitBytes)
      stream.on("data", (chunk) => chunks.push(chunk as Buffer));
    else stream.resume();
    stream.on("end", () => {
      if (metadata.has(name)) texts.set(name, Buffer.concat(chunks).toString("utf8"));
      next();
    });
  });
  tar.once("error", (error) => entries.destroy(error));
  tar.pipe(entries);
  try {
    await finished(entries);
  } finally {
    tar.destroy();
  }
  return { names, texts };
}

function factsOf(content: Content): ArchiveFacts {
  if (content.texts.has("index.json") && content.texts.has("oci-layout")) return ociFacts(content);
  if (content.texts.has("manifest.json")) return dockerFacts(content);
  throw new Error(
    "it holds neither manifest.json (docker-archive) nor index.json and oci-layout (OCI layout)",
  );
}

function ociFacts({ names, texts }: Content): ArchiveFacts {
  const index = json<{ manifests?: Descriptor[] }>(texts, "index.json");
  const manifests = index.manifests ?? [];
  if (manifests.length === 0) throw new Error("its index.json names no image");
  for (const { digest = "" } of manifests) assertThere(names, `blobs/${digest.replace(":", "/")}`);
  const images = new Map<string, { id: string; names: string[]; tags: string[] }>();
  for (const { digest: id = "", annotations } of manifests) {
    const image = images.get(id) ?? { id, names: [], tags: [] };
    images.set(id, image);
    const full = annotations?.[nameAnnotation];
    const name = full || annotations?.[tagAnnotation];
    // By the OCI specification the second one may be just a tag; tools write either.
    if (name) (full || /[/:@]/.test(name) ? image.names : image.tags).push(name);
  }
  return { kind: "oci", images: [...images.values()] };
}

function dockerFacts({ names, texts }: Content): ArchiveFacts {
  const images = json<DockerImage[]>(texts, "manifest.json");
  if (!Array.isArray(images) || images.length === 0) throw new Error("its manifest.json names no image");
  for (const { Config, Layers } of images)
    for (const name of [Config ?? "", ...(Layers ?? [])]) assertThere(names, name);
  const found = new Map<string, ArchiveImage>();
  for (const { Config: id = "", RepoTags } of images)
    found.set(id, { id, names: [...(found.get(id)?.names ?? []), ...(RepoTags ?? [])], tags: [] });
  return { kind: "docker-archive", images: [...found.values()] };
}

/** A descriptor of an OCI layout's `index.json`. */
export interface Descriptor {
  readonly digest?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An element of a docker-archive's `manifest.json`. */
export interface DockerImage {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[];
}

function json<T>(texts: ReadonlyMap<string, string>, name: string): T {
  try {
    return JSON.parse(texts.get(name) ?? "") as T;
  } catch {
    throw new Error(`its ${name} is not JSON`);
  }
}

function assertThere(names: ReadonlySet<string>, name: string): void {
  if (!names.has(name)) throw new Error(`it names the file ${name}, which is not in it`);
}
