import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import process from "node:process";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  answer,
  type FileAttributes,
  type NamedFile,
  PacketReader,
  request,
  type WishedAttributes,
} from "./packet.ts";
import { join, openSharedFolder, type SharedFolder } from "./shared-folder.ts";
import { Refusal, status, statusOf } from "./status.ts";

export interface SharedFolderOptions {
  /** An absolute path of this host. */
  readonly folder: string;
  readonly isReadOnly: boolean;
  /** Whether links of the folder may lead out of it. The client can then make none, nor move any. */
  readonly followsLinks: boolean;
  /** Who owns everything for the client; a wish to give something to somebody else is refused. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Milliseconds for one call, then the client gets an input/output error: 5000 unless told. */
  readonly callMs?: number;
  /** How many files and folders may be open at a time: 1024 unless told. */
  readonly mostHandles?: number;
}

type Stats = Awaited<ReturnType<typeof fs.lstat>>;

interface OpenFile {
  readonly file: FileHandle;
}

interface OpenFolder {
  readonly folder: Buffer;
  readonly names: readonly Buffer[];
  next: number;
}

const defaultCallMs = 5000;
const defaultHandles = 1024;
/** More than any client sends: sshfs writes 64 KiB at a time. */
const longestPacket = 1 << 20;
const longestRead = 256 * 1024;
const namesAtOnce = 128;

const openFlags = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** Not fsync: it may take longer than a call has. What was written is with this host's kernel, and outlives the machine. */
const extensions = {
  "posix-rename@openssh.com": "1",
  "statvfs@openssh.com": "2",
  "hardlink@openssh.com": "1",
};

/**
 * Serves one folder of this host by SFTP version 3: what is written to the stream are a client's requests, what is read from it the answers. Nothing outside the folder is read or
 * written, no device, socket or pipe is opened, no file gets set-ID bits. Requests are answered one after the other, as by OpenSSH's server. A stream that is destroyed has closed all files;
 * one that gets what is no SFTP destroys itself. Rejects with the system's error when the folder is not there.
 */
export async function serveFolder(options: SharedFolderOptions): Promise<Duplex> {
  const shared = await openSharedFolder(options.folder, options.followsLinks);
  const server = new FolderServer(shared, options, await creatorOf(shared));
  let received: Buffer = Buffer.alloc(0);
  let wanted: (() => void) | undefined;
  const stream = new Duplex({
    read: () => {
      wanted?.();
      wanted = undefined;
    },
    write: (chunk: Buffer, _encoding, done) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      answerAll().then(() => done(), done);
    },
    destroy: (error, done) => {
      wanted?.();
      server.close().then(() => done(error), done);
    },
  });
  const answerAll = async (): Promise<void> => {
    while (received.length >= 4 && !stream.destroyed) {
      const length = received.readUInt32BE(0);
      if (length === 0 || length > longestPacket) throw new Error(`an SFTP packet of ${length} bytes`);
      if (received.length < 4 + length) return;
      const packet = received.subarray(4, 4 + length);
      received = received.subarray(4 + length);
      const reply = await server.answer(packet);
      if (stream.destroyed) return;
      if (!stream.push(reply)) await new Promise<void>((resolve) => (wanted = resolve));
    }
  };
  return stream;
}

/** Root gives what a client makes to the owner of the folder; everybody else can make files of their own only. */
async function creatorOf(shared: SharedFolder): Promise<SharedFolderOptions["owner"] | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await fs.stat(shared.root);
  return uid === 0 ? undefined : { uid, gid };
}

class FolderServer {
  readonly #shared: SharedFolder;
  readonly #options: SharedFolderOptions;
  readonly #creator: SharedFolderOptions["owner"] | undefined;
  readonly #handles = new Map<number, OpenFile | OpenFolder>();
  #lastHandle = 0;
  #closed = false;

  constructor(
    shared: SharedFolder,
    options: SharedFolderOptions,
    creator: SharedFolderOptions["owner"] | undefined,
  ) {
    this.#shared = shared;
    this.#options = options;
    this.#creator = creator;
  }

  /** Never rejects for what a client may send; throws for what is no request at all. */
  async answer(packet: Buffer): Promise<Buffer> {
    const reader = new PacketReader(packet);
    const type = reader.byte();
    if (type === request.init) return answer.version(extensions);
    const id = reader.number();
    const over = new AbortController();
    const late = sleep(this.#options.callMs ?? defaultCallMs, undefined, { signal: over.signal, ref: false });
    try {
      const call = this.#call(type, id, reader);
      // What it ends with when nobody waits any more.
      call.catch(() => undefined);
      return await Promise.race([
        call,
        late.then(() => {
          throw new Refusal(status.ioError, "the file system of the host does not answer");
        }),
      ]);
    } catch (error) {
      const { code, text } = statusOf(error);
      return answer.status(id, code, text);
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#handles.values()];
    this.#handles.clear();
    await Promise.all(
      open.map((one) => ("file" in one ? one.file.close().catch(() => undefined) : undefined)),
    );
  }

  async #call(type: number, id: number, reader: PacketReader): Promise<Buffer> {
    const shared = this.#shared;
    switch (type) {
      case request.open: {
        const [path, flags, wished] = [reader.bytes(), reader.number(), reader.attributes()];
        return answer.handle(id, await this.#open(path, flags, wished));
      }
      case request.close:
        await this.#close(reader.bytes());
        return done(id);
      case request.read:
        return this.#read(id, reader.bytes(), reader.long(), reader.number());
      case request.write: {
        const [{ file }, at, data] = [this.#file(reader.bytes()), reader.long(), reader.bytes()];
        for (let sent = 0; sent < data.length;)
          sent += (await file.write(data, sent, data.length - sent, at + sent)).bytesWritten;
        return done(id);
      }
      case request.lstat:
        return answer.attributes(id, this.#seen(await shared.look(reader.bytes())));
      case request.stat:
        return answer.attributes(id, this.#seen(await fs.stat(await shared.target(reader.bytes()))));
      case request.fstat:
        return answer.attributes(id, this.#seen(await this.#file(reader.bytes()).file.stat()));
      case request.setstat:
        await this.#set(reader.bytes(), reader.attributes());
        return done(id);
      case request.fsetstat:
        await this.#setOpen(this.#file(reader.bytes()).file, reader.attributes());
        return done(id);
      case request.opendir: {
        const folder = await shared.target(reader.bytes());
        const names = await fs.readdir(folder, { encoding: "buffer" });
        return answer.handle(id, this.#keep({ folder, names, next: 0 }));
      }
      case request.readdir:
        return this.#list(id, reader.bytes());
      case request.remove:
        await fs.unlink(await this.#changed(reader.bytes()));
        return done(id);
      case request.mkdir: {
        const [place, { mode = 0o777 }] = [await this.#changed(reader.bytes()), reader.attributes()];
        await fs.mkdir(place, { mode: mode & 0o777 });
        await this.#giveToCreator(place);
        return done(id);
      }
      case request.rmdir:
        await fs.rmdir(await this.#changed(reader.bytes()));
        return done(id);
      case request.realpath: {
        const path = posixPath(reader.bytes());
        return answer.path(id, path);
      }
      case request.rename: {
        const [from, to] = [await this.#moved(reader.bytes()), await this.#changed(reader.bytes())];
        // Version 3 of the protocol replaces nothing.
        if (await exists(to)) throw new Refusal(status.failure, "the target exists");
        await fs.rename(from, to);
        return done(id);
      }
      case request.readlink:
        return answer.path(id, await shared.linkText(reader.bytes()));
      case request.symlink:
        await this.#makeLink(reader.bytes(), reader.bytes());
        return done(id);
      case request.extended:
        return this.#extended(id, reader);
      default:
        throw new Refusal(status.unsupported, `request ${type}`);
    }
  }

  async #extended(id: number, reader: PacketReader): Promise<Buffer> {
    const name = reader.bytes().toString("latin1");
    if (name === "posix-rename@openssh.com") {
      const [from, to] = [await this.#moved(reader.bytes()), await this.#changed(reader.bytes())];
      await fs.rename(from, to);
      return done(id);
    }
    if (name === "hardlink@openssh.com") {
      const [from, to] = [await this.#moved(reader.bytes()), await this.#changed(reader.bytes())];
      await fs.link(from, to);
      return done(id);
    }
    if (name === "statvfs@openssh.com") {
      const found = await fs.statfs(this.#shared.root);
      const { bsize, blocks, bfree, bavail, files, ffree } = found;
      const [fileSystem, flags, longestName] = [0, 0, 255];
      return answer.numbers(id, [
        ...[bsize, bsize, blocks, bfree, bavail, files, ffree, ffree],
        ...[fileSystem, flags, longestName],
      ]);
    }
    throw new Refusal(status.unsupported, name);
  }

  async #open(path: Buffer, flags: number, { mode = 0o666 }: WishedAttributes): Promise<number> {
    const writes = (flags & ~openFlags.read) !== 0;
    if (writes) this.#refuseChange();
    const place = await this.#shared.target(path);
    const before = await fs.lstat(place).catch(ignoreAbsent);
    if (before) refuseSpecial(before);
    const isNew = before === undefined;
    const access =
      flags & openFlags.write
        ? flags & openFlags.read
          ? constants.O_RDWR
          : constants.O_WRONLY
        : constants.O_RDONLY;
    const file = await fs.open(
      place,
      access |
        (flags & openFlags.append ? constants.O_APPEND : 0) |
        (flags & openFlags.create ? constants.O_CREAT : 0) |
        (flags & openFlags.exclusive ? constants.O_EXCL : 0) |
        // Whatever is put there meanwhile by somebody else is neither followed nor waited for.
        constants.O_NOFOLLOW |
        constants.O_NONBLOCK,
      mode & 0o777,
    );
    try {
      const opened = await file.stat();
      refuseSpecial(opened);
      if (flags & openFlags.truncate && opened.size > 0) await file.truncate(0);
      if (isNew && this.#creator) await file.chown(this.#creator.uid, this.#creator.gid);
      return this.#keep({ file });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #keep(open: OpenFile | OpenFolder): number {
    if (this.#closed) throw new Refusal(status.ioError, "the server has ended");
    if (this.#handles.size >= (this.#options.mostHandles ?? defaultHandles))
      throw new Refusal(status.ioError, "too many files are open");
    this.#lastHandle = (this.#lastHandle + 1) >>> 0;
    this.#handles.set(this.#lastHandle, open);
    return this.#lastHandle;
  }

  async #close(handle: Buffer): Promise<void> {
    const open = this.#find(handle);
    this.#handles.delete(handle.readUInt32BE(0));
    if ("file" in open) await open.file.close();
  }

  #find(handle: Buffer): OpenFile | OpenFolder {
    const open = handle.length === 4 ? this.#handles.get(handle.readUInt32BE(0)) : undefined;
    if (!open) throw new Refusal(status.invalidHandle, "no such handle");
    return open;
  }

  #file(handle: Buffer): OpenFile {
    const open = this.#find(handle);
    if (!("file" in open)) throw new Refusal(status.invalidHandle, "a folder's handle");
    return open;
  }

  async #read(id: number, handle: Buffer, at: number, length: number): Promise<Buffer> {
    const data = Buffer.allocUnsafe(Math.min(length, longestRead));
    const { bytesRead } = await this.#file(handle).file.read(data, 0, data.length, at);
    if (bytesRead === 0) return answer.status(id, status.endOfFile, "");
    return answer.data(id, data.subarray(0, bytesRead));
  }

  async #list(id: number, handle: Buffer): Promise<Buffer> {
    const open = this.#find(handle);
    if (!("names" in open)) throw new Refusal(status.invalidHandle, "a file's handle");
    const files: NamedFile[] = [];
    // What was removed since the folder was opened is left out, so that a group of names may be empty.
    while (files.length === 0 && open.next < open.names.length) {
      const names = open.names.slice(open.next, open.next + namesAtOnce);
      open.next += names.length;
      const found = await Promise.all(
        names.map(async (name): Promise<NamedFile | undefined> => {
          const stats = await fs.lstat(join(open.folder, name)).catch(() => undefined);
          return stats && { name, attributes: this.#seen(stats) };
        }),
      );
      files.push(...found.filter((file) => file !== undefined));
    }
    return files.length === 0 ? answer.status(id, status.endOfFile, "") : answer.names(id, files);
  }

  async #set(path: Buffer, wished: WishedAttributes): Promise<void> {
    this.#refuseChange();
    const place = await this.#shared.place(path);
    const before = await fs.lstat(place);
    this.#refuseOwner(wished);
    const { times } = wished;
    // A link's own mode means nothing, and what it leads to is set at its own place.
    if (!before.isSymbolicLink()) {
      if (wished.size !== undefined) {
        refuseSpecial(before);
        await fs.truncate(place, wished.size);
      }
      if (wished.mode !== undefined) await fs.chmod(place, modeFor(before, wished.mode));
    }
    if (times) await fs.lutimes(place, times.accessed, times.modified);
  }

  async #setOpen(file: FileHandle, wished: WishedAttributes): Promise<void> {
    this.#refuseChange();
    this.#refuseOwner(wished);
    const { times } = wished;
    if (wished.size !== undefined) await file.truncate(wished.size);
    if (wished.mode !== undefined) await file.chmod(modeFor(await file.stat(), wished.mode));
    if (times) await file.utimes(times.accessed, times.modified);
  }

  async #makeLink(text: Buffer, path: Buffer): Promise<void> {
    const place = await this.#changed(path);
    if (this.#options.followsLinks)
      throw new Refusal(status.permissionDenied, "links are followed here, so none can be made");
    if (!this.#shared.staysInside(place, text))
      throw new Refusal(status.permissionDenied, "the link would lead out of the folder that is shared");
    await fs.symlink(text, place);
    await this.#giveToCreator(place);
  }

  async #giveToCreator(place: Buffer): Promise<void> {
    if (this.#creator) await fs.lchown(place, this.#creator.uid, this.#creator.gid);
  }

  #refuseChange(): void {
    if (this.#options.isReadOnly)
      throw new Refusal(status.permissionDenied, "the folder is shared read-only");
  }

  #refuseOwner({ owner: wished }: WishedAttributes): void {
    const { owner } = this.#options;
    if (wished && (wished.uid !== owner.uid || wished.gid !== owner.gid))
      throw new Refusal(status.failure, "owners cannot be changed");
  }

  /** The place of what is made, replaced or removed. */
  async #changed(path: Buffer): Promise<Buffer> {
    this.#refuseChange();
    const place = await this.#shared.place(path);
    if (place.equals(this.#shared.root)) throw new Refusal(status.failure, "the shared folder itself stays");
    return place;
  }

  /** The same of what gets another place. */
  async #moved(path: Buffer): Promise<Buffer> {
    const place = await this.#changed(path);
    if (this.#options.followsLinks && (await fs.lstat(place)).isSymbolicLink())
      throw new Refusal(status.permissionDenied, "links are followed here, so none can be moved");
    return place;
  }

  #seen(stats: Stats): FileAttributes {
    return {
      size: Number(stats.size),
      owner: this.#options.owner,
      // Without set-ID bits: nobody there is who they were meant for.
      mode: Number(stats.mode) & ~0o6000,
      times: { accessed: seconds(stats.atimeMs), modified: seconds(stats.mtimeMs) },
    };
  }
}

const done = (id: number): Buffer => answer.status(id, status.ok, "");

const seconds = (milliseconds: number | bigint): number =>
  Math.min(0xffffffff, Math.max(0, Math.floor(Number(milliseconds) / 1000)));

/** The special bits stay as they are on this host. */
const modeFor = ({ mode }: Stats, wished: number): number => (Number(mode) & 0o7000) | (wished & 0o777);

function refuseSpecial(stats: Stats): void {
  if (!stats.isFile() && !stats.isDirectory())
    throw new Refusal(status.permissionDenied, "only files and folders are opened");
}

const exists = (place: Buffer): Promise<boolean> =>
  fs.lstat(place).then(
    () => true,
    (error: unknown) => ignoreAbsent(error) !== undefined,
  );

function ignoreAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  return undefined;
}

const posixPath = (path: Buffer): Buffer => {
  const text = path.toString("latin1");
  return Buffer.from(text.startsWith("/") ? text : `/${text === "." ? "" : text}`, "latin1");
};
