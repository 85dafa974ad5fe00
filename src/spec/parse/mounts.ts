import { posix, resolve } from "node:path";
import process from "node:process";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export interface MountPlaces {
  /** Absolute path of this computer. */
  readonly host: string;
  /** Absolute, normal path in the machine. */
  readonly guest: string;
}

/** What a machine needs to work: neither these folders nor what is in them is covered by a mount, nor what they are in. */
const guarded = [
  ...["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run"],
  ...["/sbin", "/sys", "/usr", "/opt/cni", "/var/lib", "/var/log", "/var/run"],
];

/**
 * Parses `HOST:GUEST`, split at the last colon, so that `C:\x:/y` is understood. Relative host paths start in `folder`. Rejects with MOUNT_INVALID, or as `guestFolder`. Pure.
 */
export function parseMount(text: string, folder: string): MountPlaces {
  const colon = text.lastIndexOf(":");
  const [host, guest] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || guest === "" || text.includes("\0"))
    throw new LocalkubeError("MOUNT_INVALID", { given: text });
  return { host: resolve(folder, host), guest: guestFolder(guest) };
}

/** The normal form of a path in the machine where something may be mounted. Rejects with MOUNT_TARGET_REFUSED. Pure. */
export function guestFolder(given: string): string {
  const refuse = (problem: string): never => {
    throw new LocalkubeError("MOUNT_TARGET_REFUSED", { guest: given, problem });
  };
  if (!given.startsWith("/")) return refuse("it is not an absolute path of the machine");
  const guest = posix.normalize(given).replace(/(?<=.)\/$/, "");
  const isIn = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(outer === "/" ? "/" : `${outer}/`);
  const hit = guarded.find((path) => isIn(guest, path) || isIn(path, guest));
  return hit === undefined ? guest : refuse(`the machine needs ${hit}`);
}

/** As stored: `HOST:GUEST` with an absolute host path. An empty entry is none. Rejects as `parseMount`, or with MOUNT_TARGET_TWICE. */
export function parseMounts(wishes: readonly string[]): readonly string[] {
  const places = wishes.filter((wish) => wish !== "").map((wish) => parseMount(wish, process.cwd()));
  const targets = places.map(({ guest }) => guest);
  const twice = targets.find((guest, index) => targets.indexOf(guest) !== index);
  if (twice !== undefined) throw new LocalkubeError("MOUNT_TARGET_TWICE", { guest: twice });
  return places.map(mountText);
}

/** With host paths relative to the folder of the file they are in. What cannot be parsed is left for `parseMounts` to refuse. */
export const mountsInFolder = (wishes: readonly string[], folder: string): readonly string[] =>
  wishes.map((wish) => {
    const colon = wish.lastIndexOf(":");
    return colon < 1 ? wish : `${resolve(folder, wish.slice(0, colon))}${wish.slice(colon)}`;
  });

const mountText = ({ host, guest }: MountPlaces): string => `${host}:${guest}`;
