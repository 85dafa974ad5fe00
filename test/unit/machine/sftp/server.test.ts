import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import * as fs from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { serveFolder } from "../../../../src/machine/sftp/server.ts";
import type { SharedFolderOptions } from "../../../../src/machine/sftp/served.ts";
import { nothing, sftpClient, text, types, u32, u64, withMode } from "./client.ts";

const [ok, noSuchFile, denied, failure, ioError] = [0, 2, 3, 4, 64];
const [read, write, create, truncate] = [1, 2, 8, 16];

let outer: string;
let folder: string;
beforeEach(async () => {
  outer = await fs.realpath(await fs.mkdtemp(join(tmpdir(), "localkube-sftp-")));
  folder = join(outer, "shared");
  await fs.mkdir(join(folder, "sub"), { recursive: true });
  await fs.writeFile(join(folder, "a.txt"), "inside");
  await fs.writeFile(join(outer, "secret"), "outside");
  // Its name begins like the folder's.
  await fs.mkdir(join(outer, "shared-not"));
  await fs.writeFile(join(outer, "shared-not/secret"), "outside");
  return () => fs.rm(outer, { recursive: true, force: true });
});

async function serve(change: Partial<SharedFolderOptions> = {}) {
  const owner = { uid: 1000, gid: 1000 };
  const stream = await serveFolder({ folder, isReadOnly: false, followsLinks: false, owner, ...change });
  stream.on("error", () => undefined);
  onTestFinished(() => void stream.destroy());
  return { stream, ...sftpClient(stream) };
}

const refused = async (answer: Promise<{ readonly code: number | undefined }>, code: number) =>
  expect((await answer).code).toBe(code);

test("a file is made, written, read, renamed and removed", async () => {
  const { send, open, read: content, names } = await serve();
  const { handle } = await open("/sub/new", write | create);
  await refused(send(types.write, handle, u64(0), text("hello")), ok);
  await refused(send(types.write, handle, u64(5), text(" world")), ok);
  await refused(send(types.close, handle), ok);
  expect(await fs.readFile(join(folder, "sub/new"), "utf8")).toBe("hello world");
  expect(await content("/sub/new")).toBe("hello world");
  await refused(send(types.rename, text("/sub/new"), text("/moved")), ok);
  expect(await names("/")).toEqual(["a.txt", "moved", "sub"]);
  await refused(send(types.rename, text("/moved"), text("/a.txt")), failure);
  await refused(send(types.extended, text("posix-rename@openssh.com"), text("/moved"), text("/a.txt")), ok);
  expect(await content("/a.txt")).toBe("hello world");
  await refused(send(types.remove, text("/a.txt")), ok);
  await refused(send(types.lstat, text("/a.txt")), noSuchFile);
});

test.each(["with space, \"quotes\" and 'more'", "Übergröße", "two\nlines", "-rf", "a\\b"])(
  "any name will do: %j",
  async (name) => {
    const { send, open, names, read: content } = await serve();
    const { handle } = await open(`/${name}`, write | create);
    await send(types.write, handle, u64(0), text(name));
    await send(types.close, handle);
    expect(await fs.readFile(join(folder, name), "utf8")).toBe(name);
    expect(await names("/")).toContain(name);
    expect(await content(`/${name}`)).toBe(name);
  },
);

test("a name that is no UTF-8 is kept as it is", async () => {
  const name = Buffer.from([0x66, 0xff, 0xfe]);
  const { open, send } = await serve();
  const { handle } = await open(Buffer.concat([Buffer.from("/"), name]), write | create);
  await send(types.close, handle);
  expect(await fs.readdir(folder, { encoding: "buffer" })).toContainEqual(name);
});

describe("nothing leads out", () => {
  test.each(["/../secret", "/sub/../../secret", "/..", "/../shared-not/secret"])("%s", async (path) => {
    const { open, send } = await serve();
    await refused(open(path, read), denied);
    await refused(send(types.lstat, text(path)), denied);
    await refused(send(types.opendir, text(path)), denied);
    await refused(send(types.remove, text(path)), denied);
    expect(await fs.readFile(join(outer, "secret"), "utf8")).toBe("outside");
  });

  test.each([
    ["an absolute link", () => join(outer, "secret")],
    ["a relative link", () => "../secret"],
    ["a link to a folder whose name begins alike", () => "../shared-not/secret"],
  ])("%s", async (_what, target) => {
    await fs.symlink(target(), join(folder, "link"));
    const { open, send } = await serve();
    await refused(open("/link", read), denied);
    await refused(open("/link", write | truncate), denied);
    await refused(send(types.stat, text("/link")), denied);
    await refused(send(types.readlink, text("/link")), denied);
    expect((await send(types.lstat, text("/link"))).type).toBe(105);
    await refused(send(types.setstat, text("/link"), withMode(0o777)), ok);
    expect(((await fs.stat(join(outer, "secret"))).mode & 0o777).toString(8)).not.toBe("777");
    expect(await fs.readFile(join(outer, "secret"), "utf8")).toBe("outside");
  });

  test("a link to a folder outside, for what is below it", async () => {
    await fs.symlink("..", join(folder, "up"));
    const { open, send } = await serve();
    await refused(open("/up/secret", read), denied);
    await refused(open("/up/new", write | create), denied);
    await refused(send(types.mkdir, text("/up/new"), nothing), denied);
    await refused(send(types.remove, text("/up/secret")), denied);
    await refused(send(types.rename, text("/up/secret"), text("/secret")), denied);
    await refused(send(types.rename, text("/a.txt"), text("/up/a.txt")), denied);
    await refused(send(types.extended, text("hardlink@openssh.com"), text("/up/secret"), text("/s")), denied);
    await refused(send(types.opendir, text("/up")), denied);
    expect((await fs.readdir(outer)).sort()).toEqual(["secret", "shared", "shared-not"]);
  });

  test("a link to nothing outside makes nothing there", async () => {
    await fs.symlink("../new", join(folder, "link"));
    const { open } = await serve();
    expect((await open("/link", write | create)).code).not.toBeUndefined();
    expect(await fs.readdir(outer)).not.toContain("new");
  });

  test("a link that the client moves leads nowhere either", async () => {
    await fs.symlink("../a.txt", join(folder, "sub/link"));
    const { open, send } = await serve();
    expect((await send(types.readlink, text("/sub/link"))).type).toBe(104);
    await fs.writeFile(join(outer, "a.txt"), "outside");
    await refused(send(types.rename, text("/sub/link"), text("/link")), ok);
    await refused(open("/link", read), denied);
  });

  test("the client makes links within the folder only", async () => {
    const { send, read: content } = await serve();
    for (const target of ["/etc/passwd", "../secret", "sub/../../secret"])
      await refused(send(types.symlink, text(target), text("/link")), denied);
    await refused(send(types.symlink, text("../a.txt"), text("/sub/link")), ok);
    expect(await content("/sub/link")).toBe("inside");
  });
});

test("an absolute link within the folder is told as one that the client can follow", async () => {
  await fs.symlink(join(folder, "a.txt"), join(folder, "sub/link"));
  const { body } = await (await serve()).send(types.readlink, text("/sub/link"));
  expect(body.subarray(8, 8 + body.readUInt32BE(4)).toString()).toBe("../a.txt");
});

test("with links followed, one that leads out is the file; then the client makes and moves none", async () => {
  await fs.symlink("../secret", join(folder, "link"));
  const { read: content, send } = await serve({ followsLinks: true });
  expect(await content("/link")).toBe("outside");
  const { body } = await send(types.lstat, text("/link"));
  expect(body.readUInt32BE(4 + 8 + 8) & 0o170000).toBe(0o100000);
  await refused(send(types.symlink, text("a.txt"), text("/new")), denied);
  await refused(send(types.rename, text("/link"), text("/sub/link")), denied);
});

test("read-only: nothing is changed", async () => {
  const { open, send, read: content } = await serve({ isReadOnly: true });
  expect(await content("/a.txt")).toBe("inside");
  for (const flags of [write, write | create, read | truncate]) await refused(open("/a.txt", flags), denied);
  await refused(send(types.remove, text("/a.txt")), denied);
  await refused(send(types.mkdir, text("/d"), nothing), denied);
  await refused(send(types.rmdir, text("/sub")), denied);
  await refused(send(types.rename, text("/a.txt"), text("/b")), denied);
  await refused(send(types.symlink, text("a.txt"), text("/b")), denied);
  await refused(send(types.setstat, text("/a.txt"), withMode(0o600)), denied);
  expect(await fs.readdir(folder)).toEqual(["a.txt", "sub"]);
});

test("pipes and sockets are not opened, and waited for even less", async () => {
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const server = createServer().listen(join(folder, "socket"));
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { open } = await serve();
  for (const flags of [read, write]) {
    await refused(open("/pipe", flags), denied);
    await refused(open("/socket", flags), denied);
  }
});

test("no set-ID bits are given or told", async () => {
  await fs.chmod(join(folder, "a.txt"), 0o4755);
  const { send } = await serve();
  const { body } = await send(types.lstat, text("/a.txt"));
  expect((body.readUInt32BE(20) & 0o7777).toString(8)).toBe("755");
  const opened = await send(types.open, text("/new"), u32(write | create), withMode(0o6777));
  expect(opened.code).toBeUndefined();
  expect((await fs.stat(join(folder, "new"))).mode & 0o7000).toBe(0);
  await refused(send(types.setstat, text("/new"), withMode(0o6711)), ok);
  expect(((await fs.stat(join(folder, "new"))).mode & 0o7777).toString(8)).toBe("711");
});

test("owners are as told, and not changed", async () => {
  const { send } = await serve({ owner: { uid: 7, gid: 8 } });
  const { body } = await send(types.lstat, text("/a.txt"));
  expect([body.readUInt32BE(12), body.readUInt32BE(16)]).toEqual([7, 8]);
  const owner = (uid: number, gid: number) => Buffer.concat([u32(2), u32(uid), u32(gid)]);
  await refused(send(types.setstat, text("/a.txt"), owner(0, 0)), failure);
  await refused(send(types.setstat, text("/a.txt"), owner(7, 8)), ok);
});

test("as many files are open as allowed; closing one makes room", async () => {
  const { open, send } = await serve({ mostHandles: 2 });
  const { handle } = await open("/a.txt", read);
  await open("/a.txt", read);
  await refused(open("/a.txt", read), ioError);
  await refused(send(types.close, handle), ok);
  expect((await open("/a.txt", read)).code).toBeUndefined();
});

test("a call that takes too long is answered with an error, and the next one is served", async () => {
  const { open, read: content } = await serve({ callMs: 200 });
  // Whatever waits for a file system that does not answer takes one of Node's four threads, as the opening of a pipe does.
  const pipes = ["p1", "p2", "p3", "p4"].map((name) => join(outer, name));
  execFileSync("mkfifo", pipes);
  const opening = pipes.map((pipe) => fs.open(pipe, "r"));
  const begun = performance.now();
  await refused(open("/a.txt", read), ioError);
  expect(performance.now() - begun).toBeLessThan(2000);
  const writers = pipes.map((pipe) => openSync(pipe, "r+"));
  for (const pipe of opening) await (await pipe).close();
  writers.forEach((writer) => closeSync(writer));
  expect(await content("/a.txt")).toBe("inside");
});

test("a folder of more names than an answer takes is told whole", async () => {
  const wanted = Array.from({ length: 1000 }, (_, n) => `file-${String(n).padStart(4, "0")}`);
  await Promise.all(wanted.map((name) => fs.writeFile(join(folder, "sub", name), "")));
  expect(await (await serve()).names("/sub")).toEqual(wanted);
});

test("what is no SFTP ends the stream, without an answer", async () => {
  const { stream } = await serve();
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  stream.write("GET / HTTP/1.1\r\n\r\n");
  await closed;
  expect(stream.destroyed).toBe(true);
});

test("a packet that is cut short in its fields is refused", async () => {
  const { send } = await serve();
  expect((await send(types.open, u32(1_000_000))).code).toBe(5);
  expect((await send(types.read, text("abcd"))).code).not.toBeUndefined();
});

test("a folder that is not there is told", async () => {
  await expect(serve({ folder: join(outer, "none") })).rejects.toMatchObject({ code: "ENOENT" });
});
