import * as fs from "node:fs/promises";
import { answer, request } from "./packet.ts";
import { type Call, modeFor, refuseSpecial, type ServedFolder, unlessAbsent } from "./served.ts";
import { Refusal, status } from "./status.ts";

const done = (id: number): Buffer => answer.status(id, status.ok, "");

/** Requests about places in the folder, by their type. */
export const pathCalls: Readonly<Record<number, Call>> = {
  [request.lstat]: async (served, reader, id) =>
    answer.attributes(id, served.seen(await served.shared.look(reader.bytes()))),
  [request.stat]: async (served, reader, id) =>
    answer.attributes(id, served.seen(await fs.stat(await served.shared.target(reader.bytes())))),
  [request.setstat]: async (served, reader, id) => {
    const [path, wished] = [reader.bytes(), reader.attributes()];
    served.refuseChange();
    const place = await served.shared.place(path);
    const before = await fs.lstat(place);
    served.refuseOwner(wished);
    const { size, mode, times } = wished;
    // A link's own mode means nothing, and what it leads to is set at its own place.
    if (size !== undefined && !before.isSymbolicLink()) {
      refuseSpecial(before);
      await fs.truncate(place, size);
    }
    if (mode !== undefined && !before.isSymbolicLink()) await fs.chmod(place, modeFor(before, mode));
    if (times) await fs.lutimes(place, times.accessed, times.modified);
    return done(id);
  },
  [request.remove]: async (served, reader, id) => {
    await fs.unlink(await served.changed(reader.bytes()));
    return done(id);
  },
  [request.mkdir]: async (served, reader, id) => {
    const [path, { mode = 0o777 }] = [reader.bytes(), reader.attributes()];
    const place = await served.changed(path);
    await fs.mkdir(place, { mode: mode & 0o777 });
    await served.giveToCreator(place);
    return done(id);
  },
  [request.rmdir]: async (served, reader, id) => {
    await fs.rmdir(await served.changed(reader.bytes()));
    return done(id);
  },
  [request.realpath]: (_served, reader, id) => {
    const path = reader.bytes().toString("latin1");
    const absolute = path.startsWith("/") ? path : `/${path === "." ? "" : path}`;
    return Promise.resolve(answer.path(id, Buffer.from(absolute, "latin1")));
  },
  [request.rename]: async (served, reader, id) => {
    const [from, to] = await movedTo(served, reader.bytes(), reader.bytes());
    // Version 3 of the protocol replaces nothing.
    if (await fs.lstat(to).catch(unlessAbsent)) throw new Refusal(status.failure, "the target exists");
    await fs.rename(from, to);
    return done(id);
  },
  [request.readlink]: async (served, reader, id) =>
    answer.path(id, await served.shared.linkText(reader.bytes())),
  // As OpenSSH has it, and everybody since: first what the link says, then where it is.
  [request.symlink]: async (served, reader, id) => {
    const [text, path] = [reader.bytes(), reader.bytes()];
    const place = await served.changed(path);
    served.refuseLinks();
    if (!served.shared.staysInside(place, text))
      throw new Refusal(status.permissionDenied, "the link would lead out of the folder that is shared");
    await fs.symlink(text, place);
    await served.giveToCreator(place);
    return done(id);
  },
  [request.extended]: (served, reader, id) => {
    const call = extended[reader.bytes().toString("latin1")];
    if (!call) throw new Refusal(status.unsupported, "no such extension");
    return call(served, reader, id);
  },
};

/** Not fsync: it may take longer than a call has. What was written is with this host's kernel, and outlives the machine. */
export const extensions = {
  "posix-rename@openssh.com": "1",
  "hardlink@openssh.com": "1",
  "statvfs@openssh.com": "2",
} as const;

const extended: Readonly<Record<string, Call>> = {
  "posix-rename@openssh.com": async (served, reader, id) => {
    await fs.rename(...(await movedTo(served, reader.bytes(), reader.bytes())));
    return done(id);
  },
  "hardlink@openssh.com": async (served, reader, id) => {
    await fs.link(...(await movedTo(served, reader.bytes(), reader.bytes())));
    return done(id);
  },
  "statvfs@openssh.com": async (served, _reader, id) => {
    const { bsize, blocks, bfree, bavail, files, ffree } = await fs.statfs(served.shared.root);
    const [fileSystem, flags, longestName] = [0, 0, 255];
    const counts = [bsize, bsize, blocks, bfree, bavail, files, ffree, ffree];
    return answer.numbers(id, [...counts, fileSystem, flags, longestName]);
  },
} satisfies Record<keyof typeof extensions, Call>;

const movedTo = async (served: ServedFolder, from: Buffer, to: Buffer): Promise<[Buffer, Buffer]> => [
  await served.moved(from),
  await served.changed(to),
];
