import { stat } from "node:fs/promises";
import { posix, resolve } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** Ways to show a folder of this computer in a machine, and why one that localkube knows is not offered. */
export const mountTypes = {
  sshfs: "offered",
  sync: "offered",
  "9p": "its server would let every pod of the machine read the folder, and a QEMU machine with it can be neither suspended nor snapshot",
  virtiofs: "a machine with it can be neither suspended nor snapshot",
  vboxsf: "localkube does not set up VirtualBox's shared folders",
  hgfs: "localkube does not set up VMware's shared folders",
  bind: "a container's mounts are fixed when it is created",
} as const;

export type MountType = "sshfs" | "sync";
export const mountTypeNames = ["auto", ...Object.keys(mountTypes)];

export interface MountRequest {
  /** Absolute path of this computer. */
  readonly host: string;
  /** Absolute, normal path in the machine. */
  readonly guest: string;
}

/** What a machine needs to work: neither these folders nor what is in them is covered by a mount, nor what they are in. */
const guarded = [
  ...["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run"],
  ...["/sbin", "/sys", "/usr", "/opt/cni", "/var/run", "/var/log"],
  ...["cni", "containerd", "containers", "crio", "docker", "etcd", "kubelet", "localkube"].map(
    (name) => `/var/lib/${name}`,
  ),
];

/**
 * Parses `HOST:GUEST`, split at the last colon, so that `C:\x:/y` is understood. Relative host paths start in `folder`. Rejects with MOUNT_INVALID, or as `guestFolder`. Pure.
 */
export function parseMount(text: string, folder: string): MountRequest {
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

/** Rejects with MOUNT_SOURCE_MISSING, or MOUNT_SOURCE_NOT_FOLDER for a file. */
export async function assertFolder({ host, guest }: MountRequest): Promise<void> {
  const found = await stat(host).catch((cause: NodeJS.ErrnoException) => {
    throw new LocalkubeError(
      "MOUNT_SOURCE_MISSING",
      { host, problem: cause.code ?? cause.message },
      { cause },
    );
  });
  if (!found.isDirectory()) throw new LocalkubeError("MOUNT_SOURCE_NOT_FOLDER", { host, guest });
}

/** `auto`, or a way that is offered. Rejects with MOUNT_TYPE_UNKNOWN or MOUNT_TYPE_NOT_OFFERED. Pure. */
export function offeredType(type: string): MountType | "auto" {
  if (type === "auto" || type === "sshfs" || type === "sync") return type;
  if (!Object.hasOwn(mountTypes, type))
    throw new LocalkubeError("MOUNT_TYPE_UNKNOWN", { type, known: mountTypeNames.join(", ") });
  const why = mountTypes[type as keyof typeof mountTypes];
  throw new LocalkubeError("MOUNT_TYPE_NOT_OFFERED", { type, why });
}
