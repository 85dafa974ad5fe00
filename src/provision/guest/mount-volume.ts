import type { Transport } from "../../contract/transport.ts";

const folder = "/run/localkube/volume";

// The drive's kernel module and its device may take a moment after the ISO image was attached. $2 is a file that only the right volume has: it tells
// the volume from what a killed start left mounted.
const mountScript = `
mkdir -p "$1"
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -r "$1/$2" ] && exit 0
  while mountpoint -q "$1"; do umount "$1" || exit 1; done
  for device in /dev/sr*; do
    mount -t iso9660 -o ro,nosuid,nodev,noexec "$device" "$1" 2>/dev/null || continue
    [ -r "$1/$2" ] && exit 0
    umount "$1"
  done
  sleep 0.25
done
echo "no drive of this machine contains the artifacts ISO image" >&2
exit 1
`;

/** Mounts the volume that has `probe` in its root, read-only; returns where. Rejects with SSH_COMMAND_FAILED when none appears in 5 s. */
export async function mountVolume(transport: Transport, probe: string, signal: AbortSignal): Promise<string> {
  await transport.exec(["sh", "-c", mountScript, "sh", folder, probe], { signal, timeoutMs: 60_000 });
  return folder;
}

/** Succeeds when nothing is mounted. */
export async function unmountVolume(transport: Transport): Promise<void> {
  const script = 'if mountpoint -q "$1"; then umount "$1"; fi';
  await transport.exec(["sh", "-c", script, "sh", folder], { timeoutMs: 30_000 });
}
