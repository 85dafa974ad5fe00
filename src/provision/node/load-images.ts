import type { ImageFile, ImageName } from "../../contract/artifact.ts";
import type { RunContext } from "../../contract/host.ts";
import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { guestPaths } from "./guest-paths.ts";

// Imports each archive whose digest is not yet noted beside it. The runtime is still coming up at a first start, so its socket is
// waited for here: 20 ms looks cost less than another round trip.
const script = `
socket=$1; shift
for i in $(seq 500); do [ -S "$socket" ] && break; sleep 0.02; done
archive=$1; digest=$2; shift 2
note=$archive.loaded
[ "$(cat "$note" 2>/dev/null)" = "$digest" ] && { echo unchanged; exit 0; }
"$@" < "$archive" || exit 1
echo "$digest" > "$note"
`;

/** Imports the cluster's own images from the archives pushed before. Idempotent by digest. */
export async function loadImages(
  transport: Transport,
  runtime: RuntimeDefinition,
  images: Readonly<Record<ImageName, ImageFile>>,
  c: RunContext,
): Promise<void | "unchanged"> {
  const socket = runtime.endpoint.replace("unix://", "");
  const loaded = await Promise.all(
    Object.entries(images).map(async ([name, { sha256, ref }]) => {
      const archive = `${guestPaths.images}/${name}.tar`;
      const argv = ["sh", "-c", script, "sh", socket, archive, sha256, ...runtime.importImage] as const;
      const { stdout } = await transport.exec(argv, { signal: c.signal, timeoutMs: 540_000 });
      c.log(`image ${ref}: ${stdout.trim()}`);
      return stdout.trim() === "unchanged";
    }),
  );
  return loaded.every(Boolean) ? "unchanged" : undefined;
}
