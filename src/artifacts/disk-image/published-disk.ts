import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { RemoteDisk } from "../../contract/artifact.ts";
import type { Digest } from "../../contract/digest.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { ArtifactStore, known, type StoreOptions } from "../artifact-store.ts";
import { companionDigest } from "../companion-digest.ts";
import { openSource, sourceName } from "../source.ts";
import { imageProblem } from "./disk-at-address.ts";

interface Publication {
  /** Identities, as of any artifact: the same paths are in a mirror. */
  readonly image: string;
  readonly sums: string;
}

type Arch = HostContext["arch"];

/**
 * Debian's `generic` and not `genericcloud`: the kernel of that one leaves out the drivers of real hardware, among them those of the
 * controllers and network cards that VirtualBox and VMware emulate. Flatcar's image has internal compression, so none around it.
 */
const publications: Readonly<Record<ClusterSpec["os"], (arch: Arch) => Publication>> = {
  debian(arch) {
    const folder = "cloud.debian.org/images/cloud/bookworm/latest";
    return { image: `${folder}/debian-12-generic-${arch}.qcow2`, sums: `${folder}/SHA512SUMS` };
  },
  flatcar(arch) {
    const name =
      arch === "arm64" ? "flatcar_production_qemu_uefi_image.img" : "flatcar_production_qemu_image.img";
    const image = `stable.release.flatcar-linux.net/${arch}-usr/current/${name}`;
    return { image, sums: `${image}.DIGESTS` };
  },
};

/**
 * The cloud image that an operating system's makers publish, from there or from a mirror (empty = none), in the tree of artifacts. The newest
 * one is looked up each time; offline, the last known one is used.
 */
export function publishedDisk(
  { os, mirror }: Pick<ClusterSpec, "os" | "mirror">,
  arch: Arch,
  options: StoreOptions = {},
): RemoteDisk {
  const { image, sums } = publications[os](arch);
  const title = `https://${image}`;
  const withStore = async <T>(c: RunContext, work: (store: ArtifactStore) => Promise<T>): Promise<T> => {
    const store = new ArtifactStore(await openSource(mirror), c, options);
    try {
      return await work(store);
    } catch (error) {
      throw imageProblem(error, title, "Run the same command again: its publisher may just have replaced it");
    } finally {
      await store.save();
    }
  };
  return {
    title,
    currentDigest: (c) =>
      withStore(c, async (store) => {
        const cached = await digestIn(store.path(sums), image);
        await store.renew(sums).catch((error: unknown) => {
          if (!cached || !isUnreachable(error)) throw error;
          c.log(`${sums}: ${error.message}; going on with what it said the last time`);
        });
        const digest = await digestIn(store.path(sums), image);
        if (digest) return digest;
        const source = sourceName(store.source, sums);
        throw new LocalkubeError("ARTIFACT_DIGEST_MISSING", { path: sums, source, name: basename(image) });
      }),
    withFile: (digest, c, use) =>
      withStore(c, async (store) => {
        const { file } = await store.ensure(known(image, digest));
        await use(file);
      }),
  };
}

async function digestIn(file: string, image: string): Promise<Digest | undefined> {
  return companionDigest(await readFile(file, "utf8").catch(() => ""), basename(image));
}

const isUnreachable = (error: unknown): error is LocalkubeError =>
  error instanceof LocalkubeError && ["ARTIFACT_SOURCE_UNREACHABLE", "MIRROR_UNREACHABLE"].includes(error.id);
