import { resolve } from "node:path";
import process from "node:process";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Chosen, SpecSurroundings } from "../field.ts";

/** Named images; `debian` and empty mean the same. */
const namedImages = ["", "debian", "upstream"];
const namedNetworks = ["bridge", "none"];
/** `https://…`, and any other scheme, so that each caller can say which ones it accepts. */
const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(text);

/** A folder made absolute; an address with an unsupported scheme is rejected as an address, never taken for a folder of that name. */
export const mirrorInFolder = (value: string, folder: string): string =>
  value === "" || isAddress(value) ? value : resolve(folder, value);

export const parseMirror = (value: string): string => mirrorInFolder(value, process.cwd());

/** A file made absolute; empty = `bridge`. */
export const cniInFolder = (value: string, folder: string): string =>
  value === "" ? "bridge" : namedNetworks.includes(value) ? value : resolve(folder, value);

export const parseCni = (value: string): string => cniInFolder(value, process.cwd());

/** As the user wrote it, with paths made absolute. */
export const imageInFolder = (value: string, folder: string): string =>
  namedImages.includes(value) || isAddress(value) ? value : resolve(folder, value);

/** `debian`, `upstream`, an address or a path (relative to the current folder). Throws IMAGE_ADDRESS_INVALID or OS_IMAGE_CONFLICT. */
export function parseImage(
  value: string,
  { assertImageAddress }: Pick<SpecSurroundings, "assertImageAddress">,
  { os }: Chosen,
): string {
  if (value === "debian" && os !== "debian")
    throw new LocalkubeError("OS_IMAGE_CONFLICT", { image: value, os: String(os) });
  if (value === "debian") return "";
  if (isAddress(value)) assertImageAddress(value);
  return imageInFolder(value, process.cwd());
}
