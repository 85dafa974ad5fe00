import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Extract } from "tar-stream";
import { formatDigest, sha256Digest } from "../../contract/digest.ts";
import { parseImageRef } from "../../contract/image-reference.ts";
import type { ArchiveFacts, DockerImage } from "./inspect-archive.ts";
import type { ImageNames } from "./naming.ts";
import { openArchive } from "./read-archive.ts";

/** An archive, and the names that its images get. */
export interface NamedArchive {
  readonly file: string;
  readonly facts: ArchiveFacts;
  readonly names: ImageNames;
}

/** A registry that serves the images of archives, each under all of its names. */
export interface ArchiveRegistry {
  /** By the repository's own name, `docker.io/library/busybox`: its name here, `r0`. Any name that has none of these is unknown. */
  readonly repositories: ReadonlyMap<string, string>;
  /** For `createServer` of `node:http`: the part of the distribution specification that pulling needs. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/** Something that can be asked for by its digest. */
interface Served {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** Small ones are in memory, the others in an entry of an archive. */
  readonly content?: Buffer;
  readonly place?: { readonly file: string; readonly entry: string };
}

/** Manifests and configurations are far smaller. */
const keptBytes = 4 * 1024 * 1024;
const keptInAllBytes = 64 * 1024 * 1024;

/**
 * Reads the archives once, for the digests of what they contain; nothing is copied, and content is read again from them when it is asked for. The files
 * must stay as they are. Rejects as `openArchive` does, and with an Error that says what is wrong with an image.
 */
export async function archiveRegistry(
  archives: readonly NamedArchive[],
  signal: AbortSignal,
): Promise<ArchiveRegistry> {
  const blobs = new Map<string, Served>();
  const repositories = new Map<string, string>();
  /** `r0:1.36` to the image's digest. */
  const tags = new Map<string, string>();
  for (const { file, facts, names } of archives) {
    const entries = await readEntries(file, signal);
    for (const entry of entries.values()) blobs.set(entry.digest, entry);
    for (const [id, refs] of names) {
      const manifest = facts.kind === "oci" ? ociManifest(id, blobs) : dockerManifest(id, entries);
      blobs.set(manifest.digest, manifest);
      for (const ref of refs) {
        const parsed = parseImageRef(ref);
        if (!parsed) throw new Error(`'${ref}' is no name of an image`);
        const name = `${parsed.registry}/${parsed.repository}`;
        const path = repositories.get(name) ?? `r${repositories.size}`;
        repositories.set(name, path);
        if (parsed.tag !== undefined) tags.set(`${path}:${parsed.tag}`, manifest.digest);
      }
    }
  }
  const find = (path: string, kind: string, what: string): Served | undefined => {
    if (![...repositories.values()].includes(path)) return undefined;
    const found = blobs.get(what.includes(":") ? what : (tags.get(`${path}:${what}`) ?? ""));
    return found && kind === "manifests" ? asManifest(found) : found;
  };
  return {
    repositories,
    handle(request, response) {
      const found = find(...partsOf(request.url ?? "/"));
      serve(found, request, response, signal).catch((error: unknown) => response.destroy(error as Error));
    },
  };
}

function partsOf(url: string): [string, string, string] {
  const [, path = "", kind = "", what = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)$/.exec(url) ?? [];
  return [path, kind, decodeURIComponent(what)];
}

async function serve(
  found: Served | undefined,
  { method, url = "/" }: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  if (method !== "GET" && method !== "HEAD") return void response.writeHead(405).end();
  if (/^\/v2\/?$/.test(url)) return void response.writeHead(200).end();
  if (!found) {
    const error = { code: "NOT_FOUND", message: "there is no such manifest or blob" };
    response.writeHead(404, { "content-type": "application/json" });
    return void response.end(JSON.stringify({ errors: [error] }));
  }
  const { mediaType, size, digest, content, place } = found;
  response.writeHead(200, {
    "content-type": mediaType,
    "content-length": size,
    "docker-content-digest": digest,
  });
  if (method === "HEAD") response.end();
  else if (content) response.end(content);
  else if (place) await sendEntry(place, response, signal);
}

interface Entry extends Served {
  /** The first bytes, hex. */
  readonly magic: string;
}

/** Its content is bytes, which tar-stream's types leave open. */
type TarEntry = (Extract extends AsyncIterable<infer E> ? E : never) & AsyncIterable<Uint8Array>;

const plainName = (name: string): string => name.replace(/^\.\//, "");

/** The entries of an archive, in order; whoever does not read one resumes it. */
async function* entriesOf(file: string, signal: AbortSignal): AsyncGenerator<TarEntry> {
  const { extract } = await import("tar-stream");
  const { tar } = await openArchive(file, signal);
  const entries = extract();
  tar.once("error", (error) => entries.destroy(error));
  tar.pipe(entries);
  try {
    yield* entries as AsyncIterable<TarEntry>;
  } finally {
    tar.destroy();
  }
}

/** What an archive's entries contain, by name; links lead to what they stand for. */
async function readEntries(file: string, signal: AbortSignal): Promise<ReadonlyMap<string, Entry>> {
  const found = new Map<string, Entry>();
  const links = new Map<string, string>();
  let kept = 0;
  for await (const entry of entriesOf(file, signal)) {
    const { name, type, linkname, size = 0 } = entry.header;
    const own = plainName(name);
    if (type === "link") links.set(own, plainName(linkname ?? ""));
    if (type === "symlink") links.set(own, resolved(own, linkname ?? ""));
    if (type !== "file" && type !== "contiguous-file") {
      entry.resume();
      continue;
    }
    const isKept = size <= keptBytes && kept + size <= keptInAllBytes;
    if (isKept) kept += size;
    found.set(own, await readEntry(entry, { file, entry: own }, isKept));
  }
  for (const [name, target] of links) {
    const entry = found.get(target);
    if (entry) found.set(name, entry);
  }
  return found;
}

/** A link's target as a name in the archive: `a/../b/layer.tar` is `b/layer.tar`. */
const resolved = (name: string, target: string): string =>
  new URL(target, `file:///${name}`).pathname.slice(1);

async function readEntry(
  chunks: AsyncIterable<Uint8Array>,
  place: { readonly file: string; readonly entry: string },
  isKept: boolean,
): Promise<Entry> {
  const hash = createHash("sha256");
  const content: Uint8Array[] = [];
  let size = 0;
  let first = Buffer.alloc(0);
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
    if (first.length < magicBytes) first = Buffer.concat([first, chunk.subarray(0, magicBytes)]);
    if (isKept) content.push(chunk);
  }
  return {
    digest: formatDigest(sha256Digest(hash.digest("hex"))),
    size,
    mediaType: "application/octet-stream",
    magic: first.toString("hex", 0, magicBytes),
    ...(isKept ? { content: Buffer.concat(content) } : { place }),
  };
}

const magicBytes = 4;

async function sendEntry(
  { file, entry: wanted }: { readonly file: string; readonly entry: string },
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  for await (const entry of entriesOf(file, signal)) {
    if (plainName(entry.header.name) === wanted) return await pipeline(entry, response, { signal });
    entry.resume();
  }
  throw new Error(`${wanted} is no longer in ${file}`);
}

interface Manifest {
  readonly mediaType?: string;
  /** Of an index. */
  readonly manifests?: readonly unknown[];
}

/** Says by itself what it is, or is what OCI's layouts contain. */
function asManifest(served: Served): Served {
  const { mediaType, manifests } = JSON.parse(served.content?.toString("utf8") ?? "{}") as Manifest;
  const kind = manifests ? "index" : "manifest";
  return { ...served, mediaType: mediaType ?? `application/vnd.oci.image.${kind}.v1+json` };
}

function ociManifest(id: string, blobs: ReadonlyMap<string, Served>): Served {
  const found = blobs.get(id);
  if (!found?.content) throw new Error(`the archive has no manifest ${id}`);
  return found;
}

/** The manifest that docker would push; the blobs are those of the archive. */
function dockerManifest(id: string, entries: ReadonlyMap<string, Entry>): Served {
  const table = JSON.parse(entries.get("manifest.json")?.content?.toString("utf8") ?? "[]") as DockerImage[];
  const image = table.find(({ Config }) => Config === id);
  if (!image) throw new Error(`the archive's manifest.json has no image ${id}`);
  const there = (name: string): Entry => {
    const found = entries.get(name);
    if (!found) throw new Error(`the archive has no file ${name}`);
    return found;
  };
  const { digest, size } = there(id);
  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: "application/vnd.docker.container.image.v1+json", size, digest },
      layers: (image.Layers ?? []).map(there).map((layer) => ({
        mediaType: `application/vnd.docker.image.rootfs.diff.tar${layer.magic.startsWith("1f8b") ? ".gzip" : ""}`,
        size: layer.size,
        digest: layer.digest,
      })),
    }),
  );
  const hex = createHash("sha256").update(content).digest("hex");
  return { digest: formatDigest(sha256Digest(hex)), size: content.length, mediaType, content };
}
