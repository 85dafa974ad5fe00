import { resolve } from "node:path";
import { parseImageAddress } from "../../artifacts/disk-image/image-address.ts";
import type { ClusterSpec } from "../../contract/cluster-spec.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** Named images; `debian` and empty mean the same. */
const names = ["", "debian", "upstream"];
/** `https://…`, and any other scheme, so that each caller can say which ones it accepts. */
export const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(text);

/**
 * Parses `debian`, `upstream`, an address or a path (relative to the current folder) into `ClusterSpec.image`. Throws IMAGE_ADDRESS_INVALID
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

/** As the user wrote it, with paths made absolute relative to the folder of the file that contains it. */
export const imageFromFolder = (value: string, folder: string): string =>
  names.includes(value) || isAddress(value) ? value : resolve(folder, value);
