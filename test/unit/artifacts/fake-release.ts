import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { wantedProgram } from "../../../src/artifacts/program-release.ts";
import { artifactWishes } from "../../../src/cluster/start/wishes.ts";
import type { Wishes } from "../../../src/contract/artifact.ts";
import { defaultRuntimeName } from "../../../src/runtimes/registry.ts";
import { put, sha256 } from "./test-context.ts";

/** What the cluster layer wishes for a cluster with the default runtime. */
export const wishesOf = (kubernetesVersion: string): Wishes =>
  artifactWishes(kubernetesVersion, defaultRuntimeName);

const real = wishesOf("v1.30.999");
const refs: Readonly<Record<string, string>> = {
  pause: "registry.k8s.io/pause:99.1",
  "cluster-dns": "registry.k8s.io/coredns/coredns:v99.2",
};

/** A release whose versions have no digest in the catalogue, so that a mirror with content of our own can be right. */
export const fakeRelease = {
  kubernetesVersion: "v1.30.999",
  arch: "amd64",
  wishes: {
    programs: real.programs.map((wish, index) =>
      wish.version === "1.30.999" ? wish : { ...wish, version: `99.0.${index}` },
    ),
    images: real.images.map((wish) => ({ ...wish, ref: refs[wish.name] ?? wish.ref })),
  },
} as const;

/** Writes a whole mirror of `fakeRelease` for amd64 with digest files as the publishers have them. */
export async function putFakeRelease(mirror: string): Promise<void> {
  for (const wish of fakeRelease.wishes.programs) {
    const { identity, digest } = wantedProgram(wish, wish.version, "amd64");
    if (digest.kind !== "companion") throw new Error(`${identity} has a digest in the catalogue`);
    const content = randomBytes(1000);
    await put(join(mirror, identity), content);
    const name = identity.slice(identity.lastIndexOf("/") + 1);
    const line = identity.startsWith("dl.k8s.io/") ? sha256(content) : `${sha256(content)}  ${name}\n`;
    await put(join(mirror, digest.identity), line);
  }
  await putFakeImage(mirror, "registry.k8s.io/v2/pause", "99.1");
  await putFakeImage(mirror, "registry.k8s.io/v2/coredns/coredns", "v99.2");
}

/** An image for amd64 and s390x; only amd64's blobs are there, as in a mirror made by `mirror pull`. */
export async function putFakeImage(mirror: string, base: string, tag: string): Promise<void> {
  const blob = async (content: Uint8Array | string, mediaType: string) => {
    const digest = `sha256:${sha256(content)}`;
    await put(join(mirror, base, "blobs", digest), content);
    return { mediaType, digest, size: Buffer.byteLength(content) };
  };
  const layer = await blob(randomBytes(2000), "application/vnd.docker.image.rootfs.diff.tar.gzip");
  const config = await blob(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
    "application/vnd.docker.container.image.v1+json",
  );
  const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
  const digest = `sha256:${sha256(manifest)}`;
  await put(join(mirror, base, "manifests", digest), manifest);
  const listType = "application/vnd.docker.distribution.manifest.list.v2+json";
  const entry = (architecture: string, of: string) => ({
    mediaType: manifestType,
    digest: of,
    size: manifest.length,
    platform: { os: "linux", architecture },
  });
  const list = {
    schemaVersion: 2,
    mediaType: listType,
    manifests: [entry("s390x", `sha256:${"0".repeat(64)}`), entry("amd64", digest)],
  };
  await put(join(mirror, base, "manifests", tag), JSON.stringify(list));
}
