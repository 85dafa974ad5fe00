import type { ImageFile } from "../../contract/artifact.ts";
import type { RunContext } from "../../contract/host.ts";
import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { guestPaths } from "./guest-paths.ts";

// Imports an archive unless the runtime has its image: a user, the kubelet or a new store may have removed or replaced the image
// since, so the note beside the archive proves nothing by itself. In the list of images, the name is the first column and the digest the
// third. The runtime is still starting at a first start, so this waits for its socket: checking every 20 ms costs less than another round trip.
const script = `
socket=$1 archive=$2 digest=$3 ref=$4 list=$5; shift 5
for i in $(seq 500); do [ -S "$socket" ] && break; sleep 0.02; done
note=$archive.loaded
present() { $list | awk -v ref="$ref" '$1 == ref { print $3 }'; }
image=$(present)
[ -n "$image" ] && [ "$(cat "$note" 2>/dev/null)" = "$digest $image" ] && { echo unchanged; exit 0; }
"$@" < "$archive" || exit 1
image=$(present)
[ -n "$image" ] || { echo "the runtime took $archive but has no image $ref" >&2; exit 1; }
echo "$digest $image" > "$note"
`;

/**
 * Imports the cluster's own images from the archives pushed before. Idempotent: nothing is done for an image that is in the runtime and
 * came from an archive with this digest.
 */
export async function loadImages(
  transport: Transport,
  runtime: RuntimeDefinition,
  images: Readonly<Record<string, ImageFile>>,
  c: RunContext,
): Promise<void | "unchanged"> {
  const socket = runtime.endpoint.replace("unix://", "");
  const loaded = await Promise.all(
    Object.entries(images).map(async ([name, { sha256, ref }]) => {
      const archive = `${guestPaths.images}/${name}.tar`;
      const list = runtime.listImages.join(" "); // words of ours, without blanks in them
      const argv = [
        "sh",
        "-c",
        script,
        "sh",
        socket,
        archive,
        sha256,
        ref,
        list,
        ...runtime.importImage,
      ] as const;
      const { stdout } = await transport.exec(argv, { signal: c.signal, timeoutMs: 540_000 });
      c.log(`image ${ref}: ${stdout.trim()}`);
      return stdout.trim() === "unchanged";
    }),
  );
  return loaded.every(Boolean) ? "unchanged" : undefined;
}
