import { createHash } from "node:crypto";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { driverState } from "../../src/contract/driver-state.ts";
import type { HostContext } from "../../src/contract/host.ts";

type Host = Pick<HostContext, "stateDir" | "env">;

/** A socket's path must fit in 104 bytes on macOS, 108 on Linux, including the terminating NUL. */
const longestSocketPath = 100;

export const machinesFolder = ({ stateDir }: Pick<Host, "stateDir">): string =>
  join(stateDir, driverState.qemu);

/** Every file of one machine; all in a folder that only its owner may read. */
export function machineFiles(host: Host, name: string) {
  const folder = join(machinesFolder(host), name);
  const socket = join(folder, "qmp.sock");
  const short = shortSocket(host, folder);
  return {
    folder,
    /**
     * What we decided about the machine: see machine-file.ts. Written last on creation: a folder without it is left over from a killed
     * create.
     */
    description: join(folder, "machine.json"),
    /** The image that backs the disk; a link to the cached file, so that it outlives the cache. */
    base: join(folder, "base.qcow2"),
    disk: join(folder, "disk.qcow2"),
    kernel: join(folder, "vmlinuz"),
    initramfs: join(folder, "initrd"),
    seed: join(folder, "seed"),
    console: join(folder, "console.log"),
    pid: join(folder, "qemu.pid"),
    socket: Buffer.byteLength(socket) <= longestSocketPath ? socket : short.socket,
    /** Set when the socket is in a folder of its own. */
    socketFolder: Buffer.byteLength(socket) <= longestSocketPath ? undefined : short.folder,
  } as const;
}

export type MachineFiles = ReturnType<typeof machineFiles>;

function shortSocket(host: Host, folder: string): { readonly folder: string; readonly socket: string } {
  const base = host.env["XDG_RUNTIME_DIR"] || tmpdir();
  const own = join(
    base,
    `localkube-${userInfo().uid}`,
    createHash("sha256").update(folder).digest("hex").slice(0, 12),
  );
  return { folder: own, socket: join(own, "qmp.sock") };
}
