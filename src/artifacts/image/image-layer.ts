import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";
import { sha256Digest } from "../../contract/digest.ts";
import { digestStream } from "../content-digest.ts";
import { addTarFile, type Blob, tarReadable } from "./oci-archive.ts";

/** One file system object of a layer. `path` is relative to the image's root; parents need not be listed. */
export type LayerEntry =
  | {
      readonly type: "file";
      readonly path: string;
      /** Bytes, or a file of the host to copy. */
      readonly content: Uint8Array | { readonly file: string };
      /** Default 0o644. */
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
    }
  | {
      readonly type: "directory";
      readonly path: string;
      /** Default 0o755. */
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
    }
  | { readonly type: "symlink"; readonly path: string; readonly target: string };

export type LayerSource =
  /** An uncompressed tar as it is; the caller is responsible for its determinism. */
  | Uint8Array
  /** The same as a file of the host. */
  | { readonly tarFile: string }
  /** All of a folder (files, folders, symlinks; other kinds are left out), owned by root in the image. */
  | { readonly folder: string }
  | readonly LayerEntry[];

const layerType = "application/vnd.oci.image.layer.v1.tar";

/** Writes a layer as an uncompressed tar into `file`; its digest is then also its diff id. */
export async function writeLayer(
  source: LayerSource,
  file: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Blob> {
  const digest = digestStream();
  const input = await layerStream(source);
  await pipeline(input, digest, createWriteStream(file), options.signal ? { signal: options.signal } : {});
  return { mediaType: layerType, digest: sha256Digest(digest.hex()), size: digest.bytes(), file };
}

async function layerStream(source: LayerSource): Promise<Readable> {
  if (source instanceof Uint8Array) return Readable.from([source], { objectMode: false });
  if ("tarFile" in source) return createReadStream(source.tarFile);
  const { pack: newPack } = await import("tar-stream");
  const pack = newPack();
  const entries = "folder" in source ? await folderEntries(source.folder, "") : source;
  addEntries(pack, entries).then(
    () => pack.finalize(),
    (error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return tarReadable(pack);
}

async function addEntries(pack: Pack, entries: readonly LayerEntry[]): Promise<void> {
  for (const entry of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) await addEntry(pack, entry);
}

async function addEntry(pack: Pack, entry: LayerEntry): Promise<void> {
  const name = entry.path.replace(/^\.?\/+/, "");
  if (name.split("/").includes("..")) throw new RangeError(`layer path ${entry.path} leads out of the image`);
  if (entry.type === "file")
    return addTarFile(pack, { name, mode: entry.mode ?? 0o644, ...owner(entry) }, entry.content);
  const common = { name, mtime: new Date(0) };
  if (entry.type === "symlink")
    pack.entry({ ...common, type: "symlink", linkname: entry.target, mode: 0o777 });
  else pack.entry({ ...common, type: "directory", mode: entry.mode ?? 0o755, ...owner(entry) });
}

const owner = ({ uid = 0, gid = 0 }: { readonly uid?: number; readonly gid?: number }) => ({ uid, gid });

async function folderEntries(root: string, inside: string): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for (const name of await readdir(join(root, inside))) {
    const path = inside ? `${inside}/${name}` : name;
    const file = join(root, path);
    const status = await lstat(file);
    const mode = status.mode & 0o7777;
    if (status.isDirectory()) {
      entries.push({ type: "directory", path, mode }, ...(await folderEntries(root, path)));
    } else if (status.isSymbolicLink()) {
      entries.push({ type: "symlink", path, target: await readlink(file) });
    } else if (status.isFile()) {
      entries.push({ type: "file", path, mode, content: { file } });
    }
  }
  return entries;
}
