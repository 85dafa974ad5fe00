import { createReadStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import type { Digest } from "../../contract/digest.ts";
import { ContentHash } from "../content-digest.ts";

/** What must still hold for a partial file to be continued. */
export interface PartialInfo {
  /** Address without credentials. */
  readonly url: string;
  /** Strong ETag or Last-Modified, sent as If-Range. */
  readonly validator: string;
  /** Size of the whole file, if the server reported it. */
  readonly total?: number;
}

export interface PartialContent {
  readonly info: PartialInfo;
  readonly bytes: number;
  /** State of the digest after these bytes: they are read again from the disk, not trusted. */
  readonly hash: ContentHash;
}

/** A download in progress: `<file>.part` and beside it what is needed to continue it after the process was killed. */
export class PartialFile {
  readonly path: string;
  readonly #infoPath: string;

  constructor(file: string) {
    this.path = `${file}.part`;
    this.#infoPath = `${file}.part.json`;
  }

  /** `undefined` when there is nothing to continue for that address. */
  async read(
    url: string,
    expected: Digest | undefined,
    signal: AbortSignal,
  ): Promise<PartialContent | undefined> {
    const info = await this.#readInfo();
    if (info?.url !== url) return undefined;
    const hash = new ContentHash(expected);
    let bytes = 0;
    try {
      for await (const chunk of createReadStream(this.path, { signal, highWaterMark: 1024 * 1024 })) {
        hash.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return bytes > 0 ? { info, bytes, hash } : undefined;
  }

  async describe(info: PartialInfo | undefined): Promise<void> {
    const { default: writeFileAtomic } = await import("write-file-atomic");
    if (info) await writeFileAtomic(this.#infoPath, JSON.stringify(info));
    else await rm(this.#infoPath, { force: true });
  }

  /** Removes both files; succeeds when they do not exist. */
  async discard(): Promise<void> {
    await Promise.all([this.path, this.#infoPath].map((path) => rm(path, { force: true })));
  }

  async #readInfo(): Promise<PartialInfo | undefined> {
    try {
      const info = JSON.parse(await readFile(this.#infoPath, "utf8")) as Partial<PartialInfo>;
      const { url, validator, total } = info;
      if (typeof url !== "string" || typeof validator !== "string") return undefined;
      return { url, validator, ...(typeof total === "number" ? { total } : {}) };
    } catch {
      return undefined;
    }
  }
}
