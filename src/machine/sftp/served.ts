import * as fs from "node:fs/promises";
import process from "node:process";
import type { FileAttributes, PacketReader, WishedAttributes } from "./packet.ts";
import { openSharedFolder, type SharedFolder } from "./shared-folder.ts";
import { OpenHandles } from "./open-handles.ts";
import { Refusal, status } from "./status.ts";

export interface SharedFolderOptions {
  /** An absolute path of this host. */
  readonly folder: string;
  readonly isReadOnly: boolean;
  /** Whether links of the folder may lead out of it. The client can then make none, nor move any. */
  readonly followsLinks: boolean;
  /** Who owns everything for the client; a wish to give something to somebody else is refused. */
  readonly owner: Owner;
  /** Milliseconds for one call, then the client gets an input/output error: 5000 unless told. */
  readonly callMs?: number;
  /** How many files and folders may be open at a time: 1024 unless told. */
  readonly mostHandles?: number;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What carries a request out; it reads the rest of the packet, and makes the answer to the request with that number. */
export type Call = (served: ServedFolder, reader: PacketReader, id: number) => Promise<Buffer>;

export type Stats = Awaited<ReturnType<typeof fs.lstat>>;

const defaultHandles = 1024;

/** The shared folder with what a client has open of it, and what it may do. */
export class ServedFolder {
  readonly shared: SharedFolder;
  readonly open: OpenHandles;
  readonly #options: SharedFolderOptions;
  /** Who gets what a client makes; undefined: whoever runs this process. */
  readonly #creator: Owner | undefined;

  private constructor(shared: SharedFolder, options: SharedFolderOptions, creator: Owner | undefined) {
    this.shared = shared;
    this.#options = options;
    this.#creator = creator;
    this.open = new OpenHandles(options.mostHandles ?? defaultHandles);
  }

  /** Rejects with the system's error when the folder is not there. */
  static async start(options: SharedFolderOptions): Promise<ServedFolder> {
    const shared = await openSharedFolder(options.folder, options.followsLinks);
    const { uid, gid } = await fs.stat(shared.root);
    // Root gives what a client makes to the owner of the folder; everybody else can make files of their own only.
    const gives = process.getuid?.() === 0 && uid !== 0;
    return new ServedFolder(shared, options, gives ? { uid, gid } : undefined);
  }

  refuseChange(): void {
    if (this.#options.isReadOnly)
      throw new Refusal(status.permissionDenied, "the folder is shared read-only");
  }

  refuseOwner({ owner: wished }: WishedAttributes): void {
    const { owner } = this.#options;
    if (wished && (wished.uid !== owner.uid || wished.gid !== owner.gid))
      throw new Refusal(status.failure, "owners cannot be changed");
  }

  refuseLinks(): void {
    if (this.#options.followsLinks)
      throw new Refusal(status.permissionDenied, "links are followed here, so none can be made or moved");
  }

  /** The place of what is made, replaced or removed. */
  async changed(path: Buffer): Promise<Buffer> {
    this.refuseChange();
    const place = await this.shared.place(path);
    if (place.equals(this.shared.root)) throw new Refusal(status.failure, "the shared folder itself stays");
    return place;
  }

  /** The same of what gets another place. */
  async moved(path: Buffer): Promise<Buffer> {
    const place = await this.changed(path);
    if ((await fs.lstat(place)).isSymbolicLink()) this.refuseLinks();
    return place;
  }

  async giveToCreator(place: Buffer): Promise<void> {
    if (this.#creator) await fs.lchown(place, this.#creator.uid, this.#creator.gid);
  }

  /** As a client sees a file. */
  seen(stats: Stats): FileAttributes {
    return {
      size: Number(stats.size),
      owner: this.#options.owner,
      // Without set-ID bits: nobody there is who they were meant for.
      mode: Number(stats.mode) & ~0o6000,
      times: { accessed: seconds(stats.atimeMs), modified: seconds(stats.mtimeMs) },
    };
  }
}

const seconds = (milliseconds: number | bigint): number =>
  Math.min(0xffffffff, Math.max(0, Math.floor(Number(milliseconds) / 1000)));

/** The special bits stay as they are on this host. */
export const modeFor = ({ mode }: Stats, wished: number): number =>
  (Number(mode) & 0o7000) | (wished & 0o777);

export function refuseSpecial(stats: Stats): void {
  if (!stats.isFile() && !stats.isDirectory())
    throw new Refusal(status.permissionDenied, "only files and folders are opened");
}

/** For a look that may find nothing. */
export function unlessAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  return undefined;
}
