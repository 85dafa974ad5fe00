import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Pack } from "tar-stream";
import type { TreeEntry } from "./folder-tree.ts";

/** Adds what entries of a folder are to an archive, with that owner. What is gone or cannot be read any more is left out. */
export async function fillArchive(
  archive: Pack,
  { root, owner }: { readonly root: string; readonly owner: { readonly uid: number; readonly gid: number } },
  entries: readonly TreeEntry[],
): Promise<void> {
  for (const { path, type, mode, modified, target } of entries) {
    const header = { name: path, type, mode, mtime: new Date(modified * 1000), ...owner };
    if (type !== "file") {
      await new Promise<void>((resolve, reject) => {
        const linkname = type === "symlink" ? { linkname: target } : {};
        archive.entry({ ...header, ...linkname }, (error) => (error ? reject(error) : resolve()));
      });
      continue;
    }
    const file = await open(join(root, path)).catch(() => undefined);
    // Gone or unreadable meanwhile: its change is told, too.
    if (!file) continue;
    try {
      const { size, mtimeMs } = await file.stat();
      const mtime = new Date(Math.floor(mtimeMs / 1000) * 1000);
      const sink = archive.entry({ ...header, mtime, size });
      await feed(sink, file, size);
    } finally {
      await file.close();
    }
  }
}

const chunkBytes = 256 * 1024;

/** Exactly that many bytes, whatever becomes of the file: what it is then is sent after its next change. */
async function feed(
  sink: ReturnType<Pack["entry"]>,
  file: Awaited<ReturnType<typeof open>>,
  size: number,
): Promise<void> {
  for (let sent = 0; sent < size;) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, size - sent));
    await file.read(chunk, 0, chunk.length, sent);
    sent += chunk.length;
    if (!sink.write(chunk)) await relieved(sink);
  }
  await new Promise<void>((resolve, reject) => {
    sink.once("error", reject);
    sink.end(() => resolve());
  });
}

const relieved = async (sink: ReturnType<Pack["entry"]>): Promise<void> => {
  await new Promise<void>((resolve) => {
    sink.once("drain", resolve);
    sink.once("close", resolve);
  });
  if (sink.destroyed) throw new Error("the archive was given up");
};
