import type { FileHandle } from "node:fs/promises";
import { Refusal, status } from "./status.ts";

export interface OpenFolder {
  readonly folder: Buffer;
  readonly names: readonly Buffer[];
  /** Index of the name that is told next. */
  next: number;
}

/** What a client has open, by the number that is its handle. */
export class OpenHandles {
  readonly #most: number;
  readonly #open = new Map<number, FileHandle | OpenFolder>();
  #last = 0;
  #closed = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws a refusal when too many are open; the caller then closes what it has opened. */
  add(open: FileHandle | OpenFolder): number {
    if (this.#closed) throw new Refusal(status.ioError, "the server has ended");
    if (this.#open.size >= this.#most) throw new Refusal(status.ioError, "too many files are open");
    this.#last = (this.#last + 1) >>> 0;
    this.#open.set(this.#last, open);
    return this.#last;
  }

  file(handle: Buffer): FileHandle {
    const open = this.#find(handle);
    if ("names" in open) throw new Refusal(status.invalidHandle, "a folder's handle");
    return open;
  }

  folder(handle: Buffer): OpenFolder {
    const open = this.#find(handle);
    if (!("names" in open)) throw new Refusal(status.invalidHandle, "a file's handle");
    return open;
  }

  async close(handle: Buffer): Promise<void> {
    const open = this.#find(handle);
    this.#open.delete(handle.readUInt32BE(0));
    if (!("names" in open)) await open.close();
  }

  async closeAll(): Promise<void> {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const open of all) if (!("names" in open)) await open.close().catch(() => undefined);
  }

  #find(handle: Buffer): FileHandle | OpenFolder {
    const open = handle.length === 4 ? this.#open.get(handle.readUInt32BE(0)) : undefined;
    if (!open) throw new Refusal(status.invalidHandle, "no such handle");
    return open;
  }
}
