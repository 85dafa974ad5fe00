import { describe, expect, it } from "vitest";
import { guestFiles, inspectedPaths } from "../../../../../src/machine/ssh/push/guest-files.ts";
import { installPlan } from "../../../../../src/machine/ssh/push/install-plan.ts";
import { pushDifference } from "../../../../../src/machine/ssh/push/push-difference.ts";
import { pushManifest } from "../../../../../src/machine/ssh/push/push-manifest.ts";

const entry = (path: string, text: string, mode = 0o644) => ({
  path,
  mode,
  source: { kind: "text" as const, text },
});
const [file] = pushManifest([entry("/etc/a b/c", "hello")]);
const sha = file!.sha256;
/** One record of `stat`, as the guest's coreutils print it. */
const stat = (path: string, { bits = "81a4", size = 5, ctime = "2.5", uid = 0, user = "root" } = {}) =>
  `${bits} 77 ${size} 1.000000001 ${ctime} ${uid} 0 ${user} root ${path}\0`;
const memo = `${sha} 77 5 1.000000001 2.5 /etc/a b/c\n`;
const compare = (output: string, hashed?: Map<string, string>) => {
  const { send, attributes, unknown, linkedFolders } = pushDifference([file!], guestFiles(output), hashed);
  return { send: send.length, attributes: attributes.length, unknown: unknown.length, linkedFolders };
};
const nothing = { send: 0, attributes: 0, unknown: 0, linkedFolders: [] };

describe("pushDifference", () => {
  it("missing, another size, another kind: sent", () => {
    for (const output of [
      `${memo}\0`,
      `\0${stat("/etc/a b/c", { size: 6 })}`,
      `\0${stat("/etc/a b/c", { bits: "a1ff" })}`,
      `\0${stat("/etc/a b/c", { bits: "11a4" })}`,
    ])
      expect(compare(output)).toEqual({ ...nothing, send: 1 });
  });
  it("remembered and untouched: trusted without reading", () => {
    expect(compare(`${memo}\0${stat("/etc/a b/c")}`)).toEqual(nothing);
    expect(compare(`${memo.replace(sha, "0".repeat(64))}\0${stat("/etc/a b/c")}`)).toEqual({
      ...nothing,
      send: 1,
    });
  });
  it("touched since, or never seen: read in the guest", () => {
    const touched = `${memo}\0${stat("/etc/a b/c", { ctime: "2.6" })}`;
    expect(compare(touched)).toEqual({ ...nothing, unknown: 1 });
    expect(compare(`\0${stat("/etc/a b/c")}`)).toEqual({ ...nothing, unknown: 1 });
    expect(compare(touched, new Map([["/etc/a b/c", sha]]))).toEqual(nothing);
    expect(compare(touched, new Map([["/etc/a b/c", "1".repeat(64)]]))).toEqual({ ...nothing, send: 1 });
    expect(compare(touched, new Map())).toEqual({ ...nothing, send: 1 });
  });
  it("only mode or owner: no content", () => {
    for (const other of [{ bits: "8180" }, { bits: "89a4" }, { uid: 1, user: "daemon" }])
      expect(compare(`${memo}\0${stat("/etc/a b/c", other)}`)).toEqual({ ...nothing, attributes: 1 });
  });
  it("folders reached over root's symlink are told, others refused", () => {
    const link = { bits: "a1ff" };
    expect(compare(`\0${stat("/etc", link)}`).linkedFolders).toEqual(["/etc/a b"]);
    expect(() => compare(`\0${stat("/etc", { ...link, uid: 1 })}`)).toThrow("symlink that is not root's");
    expect(() => compare(`\0${stat("/etc/a b")}`)).toThrow("/etc/a b is not a folder");
    expect(() => compare(`\0${stat("/etc/a b/c", { bits: "41ed" })}`)).toThrow("folder of that name");
  });
});

it("inspectedPaths asks for each file and each folder above it once", () => {
  expect(inspectedPaths(["/a/b/c", "/a/d"])).toBe("/a/b/c\0/a/b\0/a\0/a/d\0");
});

it("installPlan sends large files first and names real folders", () => {
  const files = pushManifest([
    entry("/l/small", "s"),
    entry("/x/big", "b".repeat(2_000_000)),
    entry("/x/attr", "a"),
  ]);
  const difference = { send: files.slice(0, 2), attributes: files.slice(2) };
  const plan = installPlan(difference, [], guestFiles("\0"), new Map([["/l", "/real"]]));
  expect(plan.members.map(({ name, file: { path } }) => [name, path])).toEqual([
    ["0/0", "/x/big"],
    ["1/1", "/l/small"],
  ]);
  const lines = plan.text.split("\n");
  expect(lines.slice(0, 6)).toEqual(["2", "/x", "/x", "/real", "/l", "2"]);
  expect(lines.slice(6, 16)).toEqual([
    "0",
    files[1]!.sha256,
    "0644",
    "root:root",
    "big",
    "1",
    files[0]!.sha256,
    "0644",
    "root:root",
    "small",
  ]);
  expect(lines.slice(16)).toEqual([
    "0",
    "",
    "1",
    "1",
    "0",
    files[2]!.sha256,
    "0644",
    "root:root",
    "attr",
    "0",
    "",
  ]);
});

it("installPlan leaves out of the stream what the machine's volume has, and numbers that first", () => {
  const files = pushManifest([entry("/x/small", "s"), entry("/x/big", "b".repeat(2_000_000))]);
  const volume = { folder: "/volume", digests: new Set([files[0]!.sha256]) };
  const plan = installPlan({ send: files, attributes: [] }, [], guestFiles("\0"), new Map(), volume);
  expect(plan.sent.map(({ path }) => path)).toEqual(["/x/small", "/x/big"]);
  expect(plan.members.map(({ name }) => name)).toEqual(["0/1"]);
  expect(plan.text.split("\n").slice(14, 17)).toEqual(["1", "/volume", "1"]);
});
