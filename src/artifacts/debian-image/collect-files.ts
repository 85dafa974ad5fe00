import { lstat, readdir, readlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { LayerEntry } from "../image/image-layer.ts";
import { elfNeeds } from "./elf.ts";

/** What is wanted of a root does not exist there; the message says what and who wants it. */
export class NotInRoot extends Error {}

export interface CollectOptions {
  /** Debian's name of the architecture in folders, `x86_64-linux-gnu`. */
  readonly triplet: string;
  readonly without?: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Entries of a layer for files and folders of an unpacked root: with all that is in the folders, with what links point at, and with the libraries that
 * programs load. They belong to root of the image, without set-user-id bits. Rejects with NotInRoot for a path or a library that does not exist. Read-only.
 */
export async function collectFiles(
  root: string,
  paths: readonly string[],
  options: CollectOptions,
): Promise<readonly LayerEntry[]> {
  const collector = new Collector(root, options);
  for (const path of paths) await collector.take(path);
  return [...collector.entries.values()];
}

const mostLinks = 16;

class Collector {
  readonly entries = new Map<string, LayerEntry>();
  readonly #root: string;
  readonly #options: CollectOptions;
  readonly #without: readonly RegExp[];

  constructor(root: string, options: CollectOptions) {
    this.#root = root;
    this.#options = options;
    this.#without = (options.without ?? []).map((pattern) => new RegExp(pattern));
  }

  async take(path: string, wantedBy = "the recipe"): Promise<void> {
    this.#options.signal.throwIfAborted();
    const real = await this.#follow(path);
    if (real === undefined) throw new NotInRoot(`${wantedBy} wants ${path}, which the packages do not have`);
    if (this.entries.has(real)) return;
    const file = join(this.#root, real);
    const status = await lstat(file);
    const mode = status.mode & 0o777;
    if (status.isDirectory()) {
      this.entries.set(real, { type: "directory", path: real, mode });
      await this.#takeChildren(real);
    } else if (status.isFile()) {
      this.entries.set(real, { type: "file", path: real, mode, content: { file } });
      await this.#takeLibraries(real);
    }
  }

  async #takeChildren(folder: string): Promise<void> {
    for (const name of (await readdir(join(this.#root, folder))).sort()) {
      const path = posix.join(folder, name);
      if (this.#without.some((pattern) => pattern.test(path))) continue;
      // A link to what another package would have is kept as it is.
      if ((await this.#follow(path)) !== undefined) await this.take(path, folder);
    }
  }

  async #takeLibraries(path: string): Promise<void> {
    const needs = await elfNeeds(join(this.#root, path));
    if (needs === undefined) return;
    if (needs.interpreter !== undefined) await this.take(needs.interpreter, path);
    const { triplet } = this.#options;
    const folders = [
      ...needs.folders.map((folder) => folder.replace(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(path))),
      ...[`/lib/${triplet}`, `/usr/lib/${triplet}`, "/lib", "/usr/lib", "/lib64"],
    ];
    for (const library of needs.libraries) {
      const found = await this.#firstOf(folders.map((folder) => posix.join(folder, library)));
      if (found === undefined)
        throw new NotInRoot(`${path} wants the library ${library}, which the packages do not have`);
      await this.take(found, path);
    }
  }

  async #firstOf(paths: readonly string[]): Promise<string | undefined> {
    for (const path of paths) if (await lstat(join(this.#root, path)).catch(() => undefined)) return path;
    return undefined;
  }

  /** The path without links in it, which become entries; absolute targets are those of the root. Undefined when it leads nowhere. */
  async #follow(path: string): Promise<string | undefined> {
    let rest = posix.normalize(path).split("/").filter(Boolean);
    let real = "/";
    let links = 0;
    while (rest.length > 0) {
      const here = posix.join(real, rest[0]!);
      const status = await lstat(join(this.#root, here)).catch(() => undefined);
      if (!status) return undefined;
      rest = rest.slice(1);
      if (!status.isSymbolicLink()) {
        real = here;
        continue;
      }
      if (++links > mostLinks) return undefined;
      const target = await readlink(join(this.#root, here));
      this.entries.set(here, { type: "symlink", path: here, target });
      // Normalised, so that no target leads out of the root.
      const whole = posix.resolve("/", real, target, ...rest);
      rest = whole.split("/").filter(Boolean);
      real = "/";
    }
    return real;
  }
}
