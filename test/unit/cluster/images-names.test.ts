import { describe, expect, test } from "vitest";
import { imageRef } from "../../../src/cluster/images-ref.ts";
import { isNamed, parseImages } from "../../../src/cluster/images-node.ts";
import { entriesOf } from "../../../src/cluster/images-remove.ts";

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
  [`sha256:${id}`, `sha256:${id}`],
])("%s is stored as %s", (short, full) => expect(imageRef(short)).toBe(full));

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
    expect(parseImages("REF TYPE DIGEST SIZE PLATFORMS LABELS\n")).toEqual([]);
  });

  test("tells what must go with a name: the nameless entry only together with the last name", () => {
    expect(entriesOf(["localhost/web:1"], images)).toEqual(["localhost/web:1"]);
    expect(entriesOf(["localhost/web:2"], images)).toEqual(["localhost/web:2"]);
    const both = ["localhost/web:2", "localhost/also-two:1"];
    expect(entriesOf(both, images)).toEqual([...both, `sha256:${id}`]);
  });
});
