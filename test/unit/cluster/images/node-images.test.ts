import { describe, expect, test } from "vitest";
import { doomedImages, listedImages, namesOf } from "../../../../src/cluster/images/node-images.ts";
import { sha256Digest } from "../../../../src/contract/digest.ts";
import type { NodeImage } from "../../../../src/runtimes/cri/images.ts";

const hex = (digit: string) => digit.repeat(64);
const image = (digit: string, names: readonly string[], byDigest: readonly string[] = []): NodeImage => ({
  id: sha256Digest(hex(digit)),
  idInRuntime: `sha256:${hex(digit)}`,
  names,
  byDigest,
  bytes: 1024,
});

describe("what goes with names", () => {
  const web = image("1", ["localhost/web:1", "localhost/web:2"]);
  const pulled = image("2", [], [`docker.io/library/nginx@sha256:${hex("9")}`]);
  const images = [web, pulled, image("3", ["localhost/other:1"])];

  test("is each image that has one of them", () => {
    expect(doomedImages(["localhost/web:2", "localhost/web:1"], images)).toEqual([web]);
    expect(doomedImages(pulled.byDigest, images)).toEqual([pulled]);
    expect(doomedImages(["localhost/none:1"], images)).toEqual([]);
  });

  test("is nothing while an image has a name that nobody gave", () => {
    expect(() => doomedImages(["localhost/web:2"], images)).toThrow(
      expect.objectContaining({
        id: "IMAGE_HAS_OTHER_NAMES",
        message: expect.stringContaining("localhost/web:1") as string,
      }),
    );
  });
});

describe("the registry's digest", () => {
  const pause = "registry.k8s.io/pause:3.9";
  const recorded = [
    { ref: pause, registry: { digest: `sha256:${hex("f")}`, id: `sha256:${hex("1")}` } },
    { ref: "localkube.local/cluster-dns:1" },
  ];
  const nodeImages = [
    image("1", [pause]),
    image("2", ["localkube.local/cluster-dns:1"]),
    image(
      "3",
      ["docker.io/library/nginx:1", "docker.io/team/nginx:1"],
      [`docker.io/library/nginx@sha256:${hex("5")}`],
    ),
    image("4", [], [`docker.io/library/bare@sha256:${hex("6")}`]),
  ];
  const listed = listedImages(nodeImages, recorded);
  const of = (ref: string) => listed.find((one) => one.ref === ref)?.registryDigest;

  test("comes from the record, or from the name that the runtime adds to what it pulls", () => {
    expect(listed).toHaveLength(5);
    expect(of(pause)).toEqual(sha256Digest(hex("f")));
    expect(of("docker.io/library/nginx:1")).toEqual(sha256Digest(hex("5")));
    expect(of("docker.io/team/nginx:1")).toBeUndefined();
    expect(of("localkube.local/cluster-dns:1")).toBeUndefined();
    expect(of(`docker.io/library/bare@sha256:${hex("6")}`)).toEqual(sha256Digest(hex("6")));
  });

  test("is not that of the record once the name stands for another image", () => {
    const [other] = listedImages([image("4", [pause])], recorded);
    expect(other).toEqual({ ref: pause, id: sha256Digest(hex("4")), bytes: 1024 });
    const earlier = [{ ref: pause, registry: { digest: `sha256:${hex("f")}` } }];
    expect(listedImages([image("1", [pause])], earlier)[0]).not.toHaveProperty("registryDigest");
  });

  test("names an image, as does its id, within its repository and tag", () => {
    expect(namesOf(`registry.k8s.io/pause@sha256:${hex("f")}`, listed)).toEqual([pause]);
    expect(namesOf(`registry.k8s.io/pause@sha256:${hex("1")}`, listed)).toEqual([pause]);
    expect(namesOf(`${pause}@sha256:${hex("f")}`, listed)).toEqual([pause]);
    expect(namesOf(`nginx@sha256:${hex("5")}`, listed)).toEqual(["docker.io/library/nginx:1"]);
    const bare = `docker.io/library/bare@sha256:${hex("6")}`;
    expect(namesOf(`bare@sha256:${hex("6")}`, listed)).toEqual([bare]);
    expect(namesOf(`team/nginx@sha256:${hex("3")}`, listed)).toEqual(["docker.io/team/nginx:1"]);
    for (const ref of [
      `registry.k8s.io/pause:3.8@sha256:${hex("f")}`,
      `registry.k8s.io/pause@sha256:${hex("9")}`,
      `docker.io/other/nginx@sha256:${hex("3")}`,
    ])
      expect(() => namesOf(ref, listed)).toThrow(expect.objectContaining({ id: "IMAGE_UNKNOWN" }));
  });
});
