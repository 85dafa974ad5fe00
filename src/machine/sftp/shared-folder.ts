import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { posix } from "node:path";
import { Refusal, status } from "./status.ts";

/**
 * Turns the paths of a client, which sees the shared folder as `/`, into paths of this host, and lets none lead out of the folder: neither `..` nor a link on the way. Paths are bytes.
 * What a path leads to is looked at in each call, because links change; the server's calls run one after the other, so that the client cannot change them between the look and the use.
 */
export class SharedFolder {
  readonly #root: Buffer;
  readonly #followsLinks: boolean;

  /** `root` is a real path: see `openSharedFolder`. */
  constructor(root: Buffer, followsLinks: boolean) {
    this.#root = root;
    this.#followsLinks = followsLinks;
  }

  get root(): Buffer {
    return this.#root;
  }

  /** The place itself, also where a link is or nothing yet; its folder is in the shared one. Rejects with a refusal, or ENOENT for a folder that is not there. */
  async place(path: Buffer): Promise<Buffer> {
    const names = namesOf(path);
    const last = names.pop();
    if (last === undefined) return this.#root;
    const folder = await realBytes(join(this.#root, ...names));
    if (!this.#mayUse(folder)) throw leadsOut();
    return join(folder, last);
  }

  /** What is at that place or where a link there leads to. A link to nothing is refused, so that nothing is made where it leads. */
  async target(path: Buffer): Promise<Buffer> {
    const place = await this.place(path);
    const found = await lstat(place).catch(() => undefined);
    if (!found?.isSymbolicLink()) return place;
    const real = await realBytes(place);
    if (!this.#mayUse(real)) throw leadsOut();
    return real;
  }

  /** The attributes that a client sees at a place: of the link itself, or, if links are followed, of what one that leads out leads to. */
  async look(path: Buffer): Promise<Awaited<ReturnType<typeof lstat>>> {
    const place = await this.place(path);
    const found = await lstat(place);
    if (!this.#followsLinks || !found.isSymbolicLink()) return found;
    const real = await realBytes(place).catch(() => undefined);
    return real && !this.contains(real) ? stat(real) : found;
  }

  /**
   * The text of a link as it leads to the same file for the client. One that leads out is refused: the client's system would look for the target among its own files. A link
   * to nothing is told if its text stays in the folder.
   */
  async linkText(path: Buffer): Promise<Buffer> {
    const place = await this.place(path);
    const text = await readlink(place, { encoding: "buffer" });
    const folder = parentOf(place);
    const lexical = normal(text[0] === slash ? text : join(folder, text));
    const real = await realBytes(place).catch(() => lexical);
    if (!this.contains(real)) throw leadsOut();
    if (text[0] !== slash) {
      if (!this.contains(lexical)) throw leadsOut();
      return text;
    }
    // latin1 keeps each byte: the texts are only cut and joined.
    const relative = posix.relative(folder.toString("latin1"), real.toString("latin1"));
    return Buffer.from(relative || ".", "latin1");
  }

  /** Whether a link with that text at that place would stay in the folder. */
  staysInside(place: Buffer, text: Buffer): boolean {
    return text[0] !== slash && this.contains(normal(join(parentOf(place), text)));
  }

  contains(real: Buffer): boolean {
    if (real.equals(this.#root)) return true;
    const before = this.#root.equals(Buffer.of(slash))
      ? this.#root
      : Buffer.concat([this.#root, Buffer.of(slash)]);
    return real.subarray(0, before.length).equals(before);
  }

  #mayUse(real: Buffer): boolean {
    return this.#followsLinks || this.contains(real);
  }
}

/** Rejects with the system's error when the folder is not there. */
export async function openSharedFolder(folder: string, followsLinks: boolean): Promise<SharedFolder> {
  return new SharedFolder(await realBytes(Buffer.from(folder)), followsLinks);
}

const slash = 0x2f;
const realBytes = (path: Buffer): Promise<Buffer> => realpath(path, { encoding: "buffer" });

const leadsOut = (): Refusal =>
  new Refusal(status.permissionDenied, "it leads out of the folder that is shared");

function namesOf(path: Buffer): Buffer[] {
  if (path.includes(0)) throw new Refusal(status.badMessage, "NUL in a path");
  const names: Buffer[] = [];
  for (let from = 0; from <= path.length;) {
    const found = path.indexOf(slash, from);
    const to = found === -1 ? path.length : found;
    const name = path.subarray(from, to);
    if (name.equals(Buffer.from(".."))) throw leadsOut();
    if (name.length > 0 && !name.equals(Buffer.from("."))) names.push(name);
    from = to + 1;
  }
  return names;
}

export const join = (folder: Buffer, ...names: readonly Buffer[]): Buffer =>
  Buffer.concat([folder, ...names.flatMap((name) => [Buffer.of(slash), name])]);

const parentOf = (path: Buffer): Buffer => path.subarray(0, Math.max(1, path.lastIndexOf(slash)));

const normal = (path: Buffer): Buffer => Buffer.from(posix.normalize(path.toString("latin1")), "latin1");
