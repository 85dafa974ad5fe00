import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { answer, type NamedFile, request } from "./packet.ts";
import { type Call, modeFor, refuseSpecial, type ServedFolder, unlessAbsent } from "./served.ts";
import { join } from "./shared-folder.ts";
import { status } from "./status.ts";

const longestRead = 256 * 1024;
const namesAtOnce = 128;

const flag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** Requests about what is opened or open, by their type. */
export const fileCalls: Readonly<Record<number, Call>> = {
  [request.open]: async (served, reader, id) => {
    const [path, flags, { mode = 0o666 }] = [reader.bytes(), reader.number(), reader.attributes()];
    return answer.handle(id, await open(served, path, flags, mode));
  },
  [request.close]: async (served, reader, id) => {
    await served.open.close(reader.bytes());
    return answer.status(id, status.ok, "");
  },
  [request.read]: async (served, reader, id) => {
    const [file, at, length] = [served.open.file(reader.bytes()), reader.long(), reader.number()];
    const data = Buffer.allocUnsafe(Math.min(length, longestRead));
    const { bytesRead } = await file.read(data, 0, data.length, at);
    if (bytesRead === 0) return answer.status(id, status.endOfFile, "");
    return answer.data(id, data.subarray(0, bytesRead));
  },
  [request.write]: async (served, reader, id) => {
    const [file, at, data] = [served.open.file(reader.bytes()), reader.long(), reader.bytes()];
    for (let sent = 0; sent < data.length;)
      sent += (await file.write(data, sent, data.length - sent, at + sent)).bytesWritten;
    return answer.status(id, status.ok, "");
  },
  [request.fstat]: async (served, reader, id) =>
    answer.attributes(id, served.seen(await served.open.file(reader.bytes()).stat())),
  [request.fsetstat]: async (served, reader, id) => {
    const [file, wished] = [served.open.file(reader.bytes()), reader.attributes()];
    served.refuseChange();
    served.refuseOwner(wished);
    const { size, mode, times } = wished;
    if (size !== undefined) await file.truncate(size);
    if (mode !== undefined) await file.chmod(modeFor(await file.stat(), mode));
    if (times) await file.utimes(times.accessed, times.modified);
    return answer.status(id, status.ok, "");
  },
  [request.opendir]: async (served, reader, id) => {
    const folder = await served.shared.target(reader.bytes());
    const names = await fs.readdir(folder, { encoding: "buffer" });
    return answer.handle(id, served.open.add({ folder, names, next: 0 }));
  },
  [request.readdir]: async (served, reader, id) => {
    const files = await nextNames(served, reader.bytes());
    return files.length === 0 ? answer.status(id, status.endOfFile, "") : answer.names(id, files);
  },
};

async function open(served: ServedFolder, path: Buffer, flags: number, mode: number): Promise<number> {
  const has = (one: number): boolean => (flags & one) !== 0;
  if ((flags & ~flag.read) !== 0) served.refuseChange();
  const place = await served.shared.target(path);
  const before = await fs.lstat(place).catch(unlessAbsent);
  if (before) refuseSpecial(before);
  const access = has(flag.write)
    ? has(flag.read)
      ? constants.O_RDWR
      : constants.O_WRONLY
    : constants.O_RDONLY;
  const how =
    (has(flag.append) ? constants.O_APPEND : 0) |
    (has(flag.create) ? constants.O_CREAT : 0) |
    (has(flag.exclusive) ? constants.O_EXCL : 0);
  // Whatever somebody else puts there meanwhile is neither followed nor waited for.
  const file = await fs.open(place, access | how | constants.O_NOFOLLOW | constants.O_NONBLOCK, mode & 0o777);
  try {
    const found = await file.stat();
    refuseSpecial(found);
    if (has(flag.truncate) && found.size > 0) await file.truncate(0);
    if (!before) await served.giveToCreator(place);
    return served.open.add(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Empty at the end. What was removed since the folder was opened is left out. */
async function nextNames(served: ServedFolder, handle: Buffer): Promise<readonly NamedFile[]> {
  const open = served.open.folder(handle);
  const look = async (name: Buffer): Promise<readonly NamedFile[]> => {
    const stats = await fs.lstat(join(open.folder, name)).catch(() => undefined);
    return stats ? [{ name, attributes: served.seen(stats) }] : [];
  };
  while (open.next < open.names.length) {
    const names = open.names.slice(open.next, open.next + namesAtOnce);
    open.next += names.length;
    const files = (await Promise.all(names.map(look))).flat();
    if (files.length > 0) return files;
  }
  return [];
}
