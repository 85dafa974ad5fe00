import { expect, test } from "vitest";
import { readMounts } from "../../../../src/cluster/mount/guest-mounts.ts";
import { sshfsArgv } from "../../../../src/cluster/mount/sshfs.ts";
import { readFind } from "../../../../src/cluster/mount/sync.ts";

const note = (guest: string) =>
  JSON.stringify({ type: "sshfs", host: "/h", guest, isReadOnly: false, by: "here, process 7" });

test("mounts of ours are known by their notes, and what is left of one by its source alone", () => {
  const text = [
    `alive 77 ${note("/src")}`,
    `dead 78 ${note("/old")}`,
    "alive 79 {broken",
    "mounts",
    "overlay / overlay rw 0 0",
    "localkube:/h /src fuse.sshfs rw,nosuid,nodev 0 0",
    String.raw`localkube:/my\040data\012x /left fuse.sshfs ro,nosuid 0 0`,
    "other:/h /theirs fuse.sshfs rw 0 0",
    "",
  ].join("\n");
  const { mounts, mountPoints } = readMounts(text);
  expect(mounts).toEqual([
    expect.objectContaining({ guest: "/src", pid: 77, isAlive: true, by: "here, process 7" }),
    expect.objectContaining({ guest: "/old", pid: 78, isAlive: false }),
    { type: "sshfs", host: "/my data\nx", guest: "/left", isReadOnly: true, by: "", pid: 0, isAlive: false },
  ]);
  expect([...mountPoints]).toEqual(["/", "/src", "/left", "/theirs"]);
});

test("sshfs gets a path with commas and backslashes as one option", () => {
  const owner = { uid: 1000, gid: 100 };
  expect(sshfsArgv({ host: String.raw`/a,b\c d`, guest: "/src", isReadOnly: true, owner })).toEqual([
    "sshfs",
    "-f",
    "-o",
    String.raw`passive,allow_other,default_permissions,uid=1000,gid=100,dir_cache=yes,dcache_timeout=1,max_conns=1,fsname=localkube:/a\,b\\c d,ro`,
    "localkube-mount:/",
    "/src",
  ]);
});

test("the list of a copy in the machine takes any name", () => {
  const found = readFind(
    "f\x005\x001700000000\x00644\x00\x00two\nlines\x00l\x004\x001\x00777\x00a b\x00d/link\x00d\x004096\x001\x00755\x00\x00d\x00",
  );
  expect([...found.keys()]).toEqual(["two\nlines", "d/link", "d"]);
  expect(found.get("two\nlines")).toEqual({
    ...{ path: "two\nlines", type: "file", size: 5, modified: 1_700_000_000, mode: 0o644, target: "" },
  });
  expect(found.get("d/link")).toMatchObject({ type: "symlink", target: "a b", size: 0 });
});
