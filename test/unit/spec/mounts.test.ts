import { expect, test } from "vitest";
import { guestFolder, mountsInFolder, parseMount, parseMounts } from "../../../src/spec/parse/mounts.ts";

test.each([
  ["./src:/src", "/work/src", "/src"],
  ["/my data/a:b:/mnt/x/", "/my data/a:b", "/mnt/x"],
  ["../n\new:/a//b/./c", "/n\new", "/a/b/c"],
])("%j is split at the last colon", (text, host, guest) => {
  expect(parseMount(text, "/work")).toEqual({ host, guest });
});

test.each(["/src", ":/src", "src:", "", "a\0b:/src"])("%j says not what is mounted where", (text) => {
  expect(() => parseMount(text, "/work")).toThrow(expect.objectContaining({ id: "MOUNT_INVALID" }));
});

test.each([
  ...[
    "/",
    "/etc",
    "/etc/kubernetes",
    "/usr/src",
    "/var",
    "/var/lib",
    "/var/lib/kubelet/pods",
    "/var/lib/etcd",
    "/var/lib/mine",
  ],
  ...["/root", "/run/x", "/srv/../etc", "src", "/var/lib/localkube", "/opt/cni/bin", "/opt", "//proc"],
])("nothing is mounted at %s", (guest) => {
  expect(() => guestFolder(guest)).toThrow(expect.objectContaining({ id: "MOUNT_TARGET_REFUSED" }));
});

test.each(["/src", "/data/etc", "/var/mine", "/mnt", "/home/docker", "/etcetera", "/srv/usr"])(
  "%s may be covered",
  (guest) => {
    expect(guestFolder(guest)).toBe(guest);
  },
);

test("a record has absolute paths, each folder of the machine once", () => {
  expect(parseMounts(["/a:/x", "", "/b:/y/"])).toEqual(["/a:/x", "/b:/y"]);
  expect(() => parseMounts(["/a:/x", "/b:/x/"])).toThrow(
    expect.objectContaining({ id: "MOUNT_TARGET_TWICE" }),
  );
  expect(mountsInFolder(["src:/src", "bad"], "/work")).toEqual(["/work/src:/src", "bad"]);
});
