import { join } from "node:path";
import type { HostContext } from "../contract/host.ts";

/** Root of the cache's tree; `<root>/<host>/<path>` is where an artifact is, so a copy of it is a mirror. */
export const cacheTree = (host: Pick<HostContext, "cacheDir">): string => join(host.cacheDir, "artifacts");

/** Image archives assembled from the tree's blobs; can be rebuilt without a network. */
export const imageFolder = (host: Pick<HostContext, "cacheDir">): string => join(host.cacheDir, "images");
