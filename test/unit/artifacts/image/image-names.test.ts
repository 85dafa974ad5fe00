import { describe, expect, test } from "vitest";
import { hasVersion, imageRef, isFullRef } from "../../../../src/artifacts/image/reference.ts";
import { isNamed, parseImages } from "../../../../src/cluster/images/node-images.ts";
import { entriesOf } from "../../../../src/cluster/images/remove.ts";

const id = "a".repeat(64);

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginx:1.25", "docker.io/library/nginx:1.25"],
  ["docker.io/nginx", "docker.io/library/nginx:latest"],
  ["team/web", "docker.io/team/web:latest"],
  ["localhost/web:1", "localhost/web:1"],
  ["localhost:5000/web", "localhost:5000/web:latest"],
  ["registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"],
  ["registry.k8s.io/a/b/c", "registry.k8s.io/a/b/c:latest"],
  [`nginx@sha256:${id}`, `docker.io/library/nginx@sha256:${id}`],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
  [`team/web:1@sha256:${id}`, `docker.io/team/web@sha256:${id}`],
  ["[::1]:5000/web", "[::1]:5000/web:latest"],
  [`sha256:${id}`, `sha256:${id}`],
])("%s is stored as %s", (short, full) => expect(imageRef(short)).toBe(full));

test("what a runtime cannot read is no reference", () => {
  const good = [
    "nginx",
    "a/b_c/d__e-f.g:V1.0_x",
    "localhost:5000/web",
    "[::1]:5000/web:1",
    `a@sha256:${id}`,
    "REG/a:1",
  ];
  for (const ref of good) expect([ref, isFullRef(imageRef(ref))]).toEqual([ref, true]);
  const bad = [
    "",
    ":1",
    "Nginx",
    "a//b",
    "-a",
    "a:",
    "a:-1",
    "a b",
    "a/../b",
    "https://h/a",
    `a:${"t".repeat(129)}`,
  ];
  for (const ref of [...bad, "a@sha256:12", `a/${"b".repeat(260)}`, `sha256:${id}`, "a\nb", "ä"])
    expect([ref, isFullRef(imageRef(ref))]).toEqual([ref, false]);
});

test.each([
  ["web", false],
  ["web:1", true],
  ["localhost:5000/web", false],
  ["localhost:5000/web:1", true],
  [`web@sha256:${id}`, true],
])("whether %s says a version: %s", (ref, says) => expect(hasVersion(ref)).toBe(says));

// As containerd 1.6 prints it.
const table = `REF                      TYPE                                       DIGEST                                                                  SIZE      PLATFORMS   LABELS
localhost/web:1          application/vnd.oci.image.manifest.v1+json sha256:${"1".repeat(64)} 15.3 MiB  linux/amd64 io.cri-containerd.image=managed
localhost/web:2          application/vnd.oci.image.manifest.v1+json sha256:${"2".repeat(64)} 677.2 KiB linux/amd64 -
localhost/also-two:1     application/vnd.oci.image.manifest.v1+json sha256:${"2".repeat(64)} -         -           -
sha256:${id} application/vnd.oci.image.manifest.v1+json sha256:${"2".repeat(64)} 677.2 KiB linux/amd64 io.cri-containerd.image=managed
`;

describe("the runtime's table", () => {
  const images = parseImages(table);

  test("is read without its heading", () => {
    expect(images.map(({ ref, size }) => [ref, size])).toEqual([
      ["localhost/web:1", "15.3 MiB"],
      ["localhost/web:2", "677.2 KiB"],
      ["localhost/also-two:1", "-"],
      [`sha256:${id}`, "677.2 KiB"],
    ]);
    expect(images[1]?.digest).toBe(`sha256:${"2".repeat(64)}`);
    expect(images.filter(isNamed)).toHaveLength(3);
    expect(images.map(({ forPods }) => forPods)).toEqual([true, false, false, true]);
    expect(parseImages("REF TYPE DIGEST SIZE PLATFORMS LABELS\n")).toEqual([]);
  });

  test("tells what must go with a name: the nameless entry only together with the last name", () => {
    expect(entriesOf(["localhost/web:1"], images)).toEqual(["localhost/web:1"]);
    expect(entriesOf(["localhost/web:2"], images)).toEqual(["localhost/web:2"]);
    const both = ["localhost/web:2", "localhost/also-two:1"];
    expect(entriesOf(both, images)).toEqual([...both, `sha256:${id}`]);
  });
});
