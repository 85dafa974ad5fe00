import { stat } from "node:fs/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { MountPlaces } from "../../spec/parse/mounts.ts";

/** Ways to show a folder of this computer in a machine, and why one that localkube knows is not offered. */
const mountTypes = {
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

/** Rejects with MOUNT_SOURCE_MISSING, or MOUNT_SOURCE_NOT_FOLDER for a file. */
export async function assertFolder({ host, guest }: MountPlaces): Promise<void> {
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

/** Names the work in the background: a folder of a machine takes one mount. */
export const mountId = (node: string | undefined, guest: string): string => `${node ?? ""}:${guest}`;
