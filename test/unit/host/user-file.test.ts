import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import {
  assertWhole,
  notPlainFile,
  openUserFile,
  userFileProblem,
  writeUserFile,
} from "../../../src/host/user-file.ts";
import { isRoot, userPlaces } from "./user-places.ts";

const { at, path, mountOver, fifo, nullDevice } = userPlaces();
const read = (name: string) => readFileSync(path(name), "utf8");
const mode = (name: string) => statSync(path(name)).mode & 0o7777;

test("a new file gets the wanted mode, one that is there keeps its own and leaves nothing beside it", async () => {
  await writeUserFile(path("new"), "1", { mode: 0o600 });
  expect([read("new"), mode("new")]).toEqual(["1", 0o600]);
  chmodSync(path("new"), 0o644);
  await writeUserFile(path("new"), "22", { mode: 0o600 });
  expect([read("new"), mode("new"), readdirSync(at.folder)]).toEqual(["22", 0o644, ["new"]]);
});

test("links are followed, also to a file that is not there yet, and stay links", async () => {
  mkdirSync(path("real"));
  symlinkSync("real/file", path("link"));
  await writeUserFile(path("link"), "made");
  await writeUserFile(path("link"), "changed");
  expect([read("real/file"), lstatSync(path("link")).isSymbolicLink()]).toEqual(["changed", true]);
  symlinkSync("round", path("round"));
  await expect(writeUserFile(path("round"), "x")).rejects.toThrow();
});

test("a second name of a file goes on being one", async () => {
  writeFileSync(path("one"), "long content");
  linkSync(path("one"), path("two"));
  await writeUserFile(path("one"), "short");
  expect([read("two"), readdirSync(at.folder)]).toEqual(["short", ["one", "two"]]);
});

test.runIf(isRoot)("another owner's file stays that owner's", async () => {
  writeFileSync(path("file"), "");
  chownSync(path("file"), 4711, 4712);
  await writeUserFile(path("file"), "x");
  expect(statSync(path("file"))).toMatchObject({ uid: 4711, gid: 4712 });
});

test.runIf(isRoot)("a mount point is written in place, without a rest beside it", async () => {
  writeFileSync(path("source"), "something long before");
  writeFileSync(path("file"), "");
  mountOver(path("file"), path("source"));
  await writeUserFile(path("file"), "after");
  expect(read("source")).toBe("after");
  await writeUserFile(path("file"), "after that", { backup: false });
  expect([read("source"), readdirSync(at.folder)]).toEqual(["after that", ["file", "source"]]);
});

test("after a write in place that was cut off nothing is written, and the user is told where the rest is", async () => {
  writeFileSync(path("file"), "half");
  writeFileSync(path("file.localkube-backup"), "former content");
  const cutOff = { id: "FILE_HALF_WRITTEN", params: { backup: path("file.localkube-backup") } };
  await expect(writeUserFile(path("file"), "next")).rejects.toMatchObject(cutOff);
  await expect(assertWhole(path("file"))).rejects.toMatchObject(cutOff);
  expect([read("file"), read("file.localkube-backup")]).toEqual(["half", "former content"]);
  writeFileSync(path("file"), "former content"); // cut off before it began
  await writeUserFile(path("file"), "next");
  expect([read("file"), readdirSync(at.folder)]).toEqual(["next", ["file"]]);
});

test.runIf(isRoot)("a device is written through and keeps its mode, whoever names it", async () => {
  nullDevice(path("device"));
  chmodSync(path("device"), 0o666);
  symlinkSync("device", path("link"));
  await writeUserFile(path("link"), "gone");
  await (await openUserFile(path("device"), 0o600)).close();
  expect([lstatSync(path("device")).isCharacterDevice(), mode("device")]).toEqual([true, 0o666]);
  expect(await userFileProblem(path("device"))).toBeUndefined();
  expect(await notPlainFile(path("link"))).toBe("it is a device, not a file");
});

test("a pipe is written through; one that nobody reads is not waited for", async () => {
  fifo(path("pipe"));
  await expect(writeUserFile(path("pipe"), "x")).rejects.toThrow(/nobody reads the pipe/);
  const reader = readFile(path("pipe"), "utf8");
  await expect
    .poll(() =>
      writeUserFile(path("pipe"), "through").then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect(await reader).toBe("through");
  expect(lstatSync(path("pipe")).isFIFO()).toBe(true);
});

test("a pipe named by its descriptor is written through", async () => {
  fifo(path("pipe"));
  const both = await open(path("pipe"), "r+");
  try {
    await writeUserFile(`/proc/self/fd/${both.fd}`, "by number");
    expect((await both.read()).buffer.toString("utf8", 0, 9)).toBe("by number");
  } finally {
    await both.close();
  }
});

test("what cannot be written is told before anything is made", async () => {
  expect(await userFileProblem(at.folder)).toBe("it is a folder, not a file");
  expect(await userFileProblem(path("nowhere/file"))).toMatch(/ENOENT/);
  expect(await userFileProblem(path("file"))).toBeUndefined();
  await expect(writeUserFile(at.folder, "x")).rejects.toThrow(/a folder/);
  await expect(openUserFile(at.folder)).rejects.toThrow(/a folder/);
  expect(readdirSync(at.folder)).toEqual([]);
});
