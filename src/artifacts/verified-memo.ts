import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Digest } from "../contract/digest.ts";
import { type ContentDigest, hashFile } from "./content-digest.ts";

interface Mark {
  readonly size: number;
  /** Nanoseconds as text: JSON has no 64-bit numbers. */
  readonly mtimeNs: string;
  readonly ino: string;
  readonly sha256: string;
  readonly sha512?: string;
}

/**
 * Remembers which files were hashed, by size, mtime and inode, so that a start that changes nothing need not read 350 MB again.
 * It only saves time and does not protect against someone who can write to the cache: what is pushed is checked again in the guest.
 */
export class VerifiedMemo {
  readonly #root: string;
  readonly #file: string;
  #marks: Record<string, Mark> | undefined;
  #changed = false;

  /** `root` is a tree of artifacts; the sidecar is `<root>/.verified.json`. */
  constructor(root: string) {
    this.#root = root;
    this.#file = join(root, ".verified.json");
  }

  /** Digest of a file in the tree, hashed only if it changed or `rehash` is set; `undefined` when it does not exist. */
  async digest(
    file: string,
    options: {
      /** Whether its SHA-512 is needed. */
      readonly expected?: Digest | undefined;
      readonly signal?: AbortSignal;
      readonly rehash?: boolean;
    } = {},
  ): Promise<(ContentDigest & { readonly size: number }) | undefined> {
    const before = await markOf(file);
    if (!before) return undefined;
    const marks = await this.#load();
    const known = marks[relative(this.#root, file)];
    const { expected } = options;
    const suffices = known && same(known, before) && !(expected?.algorithm === "sha512" && !known.sha512);
    if (!options.rehash && suffices) {
      const { sha256, sha512, size } = known;
      return { sha256, size, ...(sha512 === undefined ? {} : { sha512 }) };
    }
    const hashed = await hashFile(file, options);
    this.#set(marks, file, { ...before, ...hashed });
    return hashed;
  }

  /** Notes a digest that was computed while the file was written. */
  async remember(file: string, digest: ContentDigest): Promise<void> {
    const mark = await markOf(file);
    if (mark) this.#set(await this.#load(), file, { ...mark, ...digest });
  }

  /** Writes what was learned, merged with what other processes wrote meanwhile; a lost entry costs only a hash. */
  async save(): Promise<void> {
    if (!this.#changed || !this.#marks) return;
    const { default: writeFileAtomic } = await import("write-file-atomic");
    const merged = { ...(await readMarks(this.#file)), ...this.#marks };
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFileAtomic(this.#file, JSON.stringify(merged), { mode: 0o600 });
    this.#changed = false;
  }

  #set(marks: Record<string, Mark>, file: string, mark: Mark): void {
    marks[relative(this.#root, file)] = mark;
    this.#changed = true;
  }

  async #load(): Promise<Record<string, Mark>> {
    return (this.#marks ??= await readMarks(this.#file));
  }
}

/** A damaged sidecar counts as empty. */
async function readMarks(file: string): Promise<Record<string, Mark>> {
  try {
    const marks: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof marks === "object" && marks !== null ? { ...(marks as Record<string, Mark>) } : {};
  } catch {
    return {};
  }
}

async function markOf(file: string): Promise<Omit<Mark, "sha256" | "sha512"> | undefined> {
  try {
    const status = await stat(file, { bigint: true });
    if (!status.isFile()) return undefined;
    return { size: Number(status.size), mtimeNs: String(status.mtimeNs), ino: String(status.ino) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const same = (a: Mark, b: Omit<Mark, "sha256" | "sha512">): boolean =>
  a.size === b.size && a.mtimeNs === b.mtimeNs && a.ino === b.ino;
