import type { ContentDigest } from "./content-digest.ts";
import { copyFromFolder } from "./download/copy-from-folder.ts";
import { downloadFile } from "./download/download-file.ts";
import type { DownloadRequest } from "./download/download-request.ts";
import { checkIdentity, treeUrl } from "./identity.ts";
import { type Source, sourceName } from "./source.ts";

/** Downloads or copies one identity from upstream, a mirror's address or a mirror's folder into `file`. Errors as `downloadFile`. */
export function fetchFromSource(
  source: Source,
  request: Omit<DownloadRequest, "url" | "subject"> & { readonly identity: string },
): Promise<ContentDigest & { readonly size: number }> {
  const { identity } = request;
  const subject = {
    path: identity,
    source: sourceName(source, identity),
    mirror: source.kind !== "upstream",
  };
  if (source.kind === "folder") return copyFromFolder(source.folder, { ...request, subject });
  const url =
    source.kind === "url" ? treeUrl(source.base, identity) : new URL(`https://${checkIdentity(identity)}`);
  return downloadFile({ ...request, subject, url });
}
