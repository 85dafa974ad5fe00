import { buffer } from "node:stream/consumers";
import type { MachineSpec } from "../../src/contract/driver.ts";

/** What makes the machine ours before its first boot, as a tar for the engine's `cp`: no secret ever appears in argv. */
export async function seedArchive(spec: MachineSpec): Promise<Uint8Array> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  archive.entry({ name: "root/.ssh", type: "directory", mode: 0o700 });
  archive.entry({ name: "root/.ssh/authorized_keys", mode: 0o600 }, `${spec.authorizedKey}\n`);
  archive.entry({ name: "etc/ssh/ssh_host_ed25519_key", mode: 0o600 }, spec.hostKey.privatePem);
  archive.entry({ name: "etc/ssh/ssh_host_ed25519_key.pub", mode: 0o644 }, `${spec.hostKey.publicKey}\n`);
  // Where pods look for kernel modules; a host that has any shares its own there.
  archive.entry({ name: "usr/lib/modules", type: "directory", mode: 0o755 });
  archive.finalize();
  return buffer(archive);
}
