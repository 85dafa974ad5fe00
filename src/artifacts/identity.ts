import { join } from "node:path";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";

const host = /^[a-z0-9][a-z0-9.-]*(:\d+)?$/;
const segment = /^[A-Za-z0-9._~+@=:-]+$/;

/**
 * An artifact's identity is upstream host and path, `dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet`: the cache and every
 * mirror are trees of exactly these paths. Parts of identities come from registries and mirrors, so each is checked here before
 * it becomes a path: no empty, `.` or `..` segment, no separator of any platform. Throws ARTIFACT_PATH_INVALID.
 */
export function checkIdentity(identity: string): string {
  const [first = "", ...rest] = identity.split("/");
  const sound =
    host.test(first) &&
    rest.length > 0 &&
    rest.every((part) => segment.test(part) && part !== "." && part !== "..");
  if (!sound) throw new LocalkubeError("ARTIFACT_PATH_INVALID", { path: identity.slice(0, 200) });
  return identity;
}

/** File of an identity in a tree (cache or mirror folder). */
export const treePath = (root: string, identity: string): string =>
  join(root, ...checkIdentity(identity).split("/"));

/** Address of an identity on a mirror served over HTTP; `base` may hold a path of its own. */
export const treeUrl = (base: URL, identity: string): URL => {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, "")}/${checkIdentity(identity)}`;
  return url;
};

/** Root of the cache's tree; `<root>/<host>/<path>` is where an artifact is, so a copy of it is a mirror. */
export const cacheTree = (host: Pick<HostContext, "cacheDir">): string => join(host.cacheDir, "artifacts");

/** Image archives assembled from the tree's blobs; can be rebuilt without a network. */
export const imageFolder = (host: Pick<HostContext, "cacheDir">): string => join(host.cacheDir, "images");
