import { resolve } from "node:path";
import { parseImageAddress } from "../../artifacts/disk-image/image-address.ts";
import type { ClusterSpec } from "../../contract/cluster-spec.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** Images that have a name; `debian` and nothing at all are the same. */
const names = ["", "debian", "upstream"];
/** `https://…`, and any other scheme, so that each caller can say which it takes. */
export const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(text);

/**
 * `ClusterSpec.image` from `debian`, `upstream`, an address or a path, which is relative to the current folder. Throws IMAGE_ADDRESS_INVALID
 * or OS_IMAGE_CONFLICT.
 */
export function parseImage(value: string, os: ClusterSpec["os"]): string {
  if (value === "debian" && os !== "debian")
    throw new LocalkubeError("OS_IMAGE_CONFLICT", { image: value, os });
  if (names.includes(value)) return value === "debian" ? "" : value;
  if (!isAddress(value)) return resolve(value);
  parseImageAddress(value);
  return value;
}

/** As the user wrote it, paths made absolute by the folder of the file that holds it. */
export const imageFromFolder = (value: string, folder: string): string =>
  names.includes(value) || isAddress(value) ? value : resolve(folder, value);
