import { describe, expect, test } from "vitest";
import { copyPaths } from "../../../../src/cluster/machine/copy-paths.ts";

const given = { name: "one", given: true };
const fallback = { name: "one", given: false };

describe("which side is the machine", () => {
  test.each([
    ["a.txt", ":/root/b", { local: "a.txt" }, { remote: "/root/b" }, "one"],
    [":/root/b", "dir/", { remote: "/root/b" }, { local: "dir/" }, "one"],
    ["a.txt", "two:/root/b", { local: "a.txt" }, { remote: "/root/b" }, "two"],
    ["./a:b", ":x", { local: "./a:b" }, { remote: "x" }, "one"],
    ["/tmp/a:b", ":", { local: "/tmp/a:b" }, { remote: "." }, "one"],
    ["a", ":~/x:y", { local: "a" }, { remote: "x:y" }, "one"],
    ["a", ":~", { local: "a" }, { remote: "." }, "one"],
    ["a", ":~root/x", { local: "a" }, { remote: "./~root/x" }, "one"],
  ])("%s → %s", (source, target, from, to, profile) => {
    expect(copyPaths(source, target, fallback)).toEqual({ profile, from, to });
  });

  test.each([
    ["a", "b"],
    [":/a", "two:/b"],
  ])("%s → %s is refused", (source, target) => {
    expect(() => copyPaths(source, target, fallback)).toThrow(expect.objectContaining({ id: "COPY_SIDES" }));
  });

  test("a profile in the path may repeat --profile but not contradict it", () => {
    expect(copyPaths("a", "one:/b", given).profile).toBe("one");
    expect(() => copyPaths("a", "two:/b", given)).toThrow(
      expect.objectContaining({ id: "COPY_PROFILE_CONFLICT" }),
    );
  });
});
