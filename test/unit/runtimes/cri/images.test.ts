import { expect, test } from "vitest";
import { formatDigest, sha256Digest } from "../../../../src/contract/digest.ts";
import type { Cri } from "../../../../src/runtimes/cri/client.ts";
import { imageIds, nodeImages, podsUsing, removeNodeImage } from "../../../../src/runtimes/cri/images.ts";

const hex = "a".repeat(64);

/** A runtime with these images that takes every call. */
function runtimeWith(images: readonly object[]) {
  const removed: string[] = [];
  const cri = {
    call: (method: string, request: { readonly image?: { readonly image: string } }) => {
      if (method === "ImageService/RemoveImage") removed.push(request.image?.image ?? "");
      return Promise.resolve({ images });
    },
  } as unknown as Cri;
  return { cri, removed };
}

test("short names, as docker tells them, are told in full; an id without its algorithm is SHA-256", async () => {
  const { cri } = runtimeWith([
    {
      id: hex,
      repoTags: ["busybox:1", "registry.test/team/web:2"],
      repoDigests: [`busybox@sha256:${hex}`],
      size: 7,
    },
    { id: "no digest", repoTags: ["lost:1"], repoDigests: [], size: 1 },
  ]);
  const [image, ...others] = await nodeImages(cri);
  expect(others).toEqual([]);
  expect(image).toMatchObject({
    names: ["docker.io/library/busybox:1", "registry.test/team/web:2"],
    byDigest: [`docker.io/library/busybox@sha256:${hex}`],
    bytes: 7,
  });
  expect(formatDigest(image!.id)).toBe(`sha256:${hex}`);
  expect([...(await imageIds(cri))]).toEqual([
    ["docker.io/library/busybox:1", `sha256:${hex}`],
    ["registry.test/team/web:2", `sha256:${hex}`],
    [`docker.io/library/busybox@sha256:${hex}`, `sha256:${hex}`],
  ]);
});

test("an image is removed by its id, which dockershim alone knows, and under each name that is left", async () => {
  const { cri, removed } = runtimeWith([{ id: hex, repoTags: ["web:1"], repoDigests: [], size: 7 }]);
  const [image] = await nodeImages(cri);
  await removeNodeImage(cri, image!);
  expect(removed).toEqual([hex, "docker.io/library/web:1"]);
});

test("an image is used by the pods whose containers have it, whatever their state", async () => {
  const labels = (name: string) => ({
    "io.kubernetes.pod.name": name,
    "io.kubernetes.pod.namespace": "default",
  });
  const containers = [
    { id: "1", imageRef: hex, labels: labels("web") },
    { id: "2", imageRef: hex, labels: labels("web") },
    { id: "3", imageRef: hex, labels: {} },
    { id: "4", imageRef: "another", labels: labels("other") },
  ];
  const cri = { call: () => Promise.resolve({ containers }) } as unknown as Cri;
  const image = {
    id: sha256Digest(hex),
    idInRuntime: hex,
    names: ["docker.io/library/web:1"],
    byDigest: [`docker.io/library/web@sha256:${hex}`],
    bytes: 7,
  };
  expect(await podsUsing(cri, image)).toEqual(["a container", "default/web"]);
  // Some write what it was pulled as.
  containers.push({ id: "5", imageRef: image.byDigest[0]!, labels: labels("pulled") });
  expect(await podsUsing(cri, image)).toEqual(["a container", "default/pulled", "default/web"]);
});
