import { describe, expect, test } from "vitest";
import {
  entriesOf,
  isNamed,
  listedImages,
  namesOf,
  parseImages,
} from "../../../../src/cluster/images/node-images.ts";
import { sha256Digest } from "../../../../src/contract/digest.ts";

const id = "a".repeat(64);

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
    expect(images[1]?.digest).toEqual(sha256Digest("2".repeat(64)));
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

describe("the registry's digest", () => {
  const hex = (digit: string) => digit.repeat(64);
  const image = (ref: string, digit: string) => ({
    ref,
    digest: sha256Digest(hex(digit)),
    size: "-",
    forPods: true,
  });
  const pause = "registry.k8s.io/pause:3.9";
  const recorded = [
    { ref: pause, registry: { digest: `sha256:${hex("f")}`, manifest: `sha256:${hex("1")}` } },
    { ref: "localkube.local/cluster-dns:1" },
  ];
  const nodeImages = [
    image(pause, "1"),
    image("localkube.local/cluster-dns:1", "2"),
    image("docker.io/library/nginx:1", "3"),
    image(`docker.io/library/nginx@sha256:${hex("3")}`, "3"),
    image("docker.io/team/nginx:1", "3"),
    image(`sha256:${id}`, "3"),
  ];
  const listed = listedImages(nodeImages, recorded);
  const of = (ref: string) => listed.find((one) => one.ref === ref)?.registryDigest;

  test("comes from the record, or from the name that the runtime adds to what it pulls", () => {
    expect(listed).toHaveLength(5);
    expect(of(pause)).toEqual(sha256Digest(hex("f")));
    expect(of("docker.io/library/nginx:1")).toEqual(sha256Digest(hex("3")));
    expect(of("docker.io/team/nginx:1")).toBeUndefined();
    expect(of("localkube.local/cluster-dns:1")).toBeUndefined();
  });

  test("is not that of the record once the name stands for another image", () => {
    const [other] = listedImages([image(pause, "4")], recorded);
    expect(other).toEqual({ ref: pause, digest: sha256Digest(hex("4")), size: "-" });
  });

  test("names an image, as does the one of its manifest, within its repository and tag", () => {
    expect(namesOf(`registry.k8s.io/pause@sha256:${hex("f")}`, listed)).toEqual([pause]);
    expect(namesOf(`registry.k8s.io/pause@sha256:${hex("1")}`, listed)).toEqual([pause]);
    expect(namesOf(`${pause}@sha256:${hex("f")}`, listed)).toEqual([pause]);
    expect(namesOf(`nginx@sha256:${hex("3")}`, listed)).toEqual([
      `docker.io/library/nginx@sha256:${hex("3")}`,
    ]);
    expect(namesOf(`team/nginx@sha256:${hex("3")}`, listed)).toEqual(["docker.io/team/nginx:1"]);
    for (const ref of [
      `registry.k8s.io/pause:3.8@sha256:${hex("f")}`,
      `registry.k8s.io/pause@sha256:${hex("9")}`,
      `docker.io/other/nginx@sha256:${hex("3")}`,
    ])
      expect(() => namesOf(ref, listed)).toThrow(expect.objectContaining({ id: "IMAGE_UNKNOWN" }));
  });
});
