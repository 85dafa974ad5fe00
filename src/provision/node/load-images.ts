import type { ImageFile } from "../../contract/artifact.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { ImageImport } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { poll } from "../../host/poll.ts";
import { guestPaths } from "./guest-paths.ts";

/** The ids of a node's images by name, `sha256:…`. */
export type ImageIds = ReadonlyMap<string, string>;

// Beside an archive lies a note of its digest and the image that came of it. The note proves nothing by itself: a user, the kubelet or a new store
// may have removed or replaced the image since.
const importScript = `
archive=$1 wanted=$2; shift 2
[ "$(cat "$archive.loaded" 2>/dev/null)" = "$wanted" ] && { echo unchanged; exit 0; }
rm -f "$archive.loaded"
exec "$@" < "$archive"
`;
const noteScript = 'while [ $# -gt 0 ]; do echo "$2" > "$1.loaded" || exit 1; shift 2; done';

const arrivalMs = 20_000;
const importMs = 540_000;

/** What loading asks of the layers above. */
export interface ImageAccess {
  /** Lists what the runtime has, and waits for one that is still starting. */
  readonly ask: () => Promise<ImageIds>;
  /** Lets a runtime that imports by pulling pull these images from their archives on this computer. */
  readonly pull: (images: readonly ImageFile[]) => Promise<void>;
}

/**
 * Imports the cluster's own images from the archives pushed before, or lets the runtime pull them. Idempotent: nothing is done for an image that is
 * in the runtime and came from an archive with this digest. Rejects with IMAGE_NOT_ARRIVED.
 */
export async function loadImages(
  transport: Pick<Transport, "exec">,
  runtime: { readonly name: string; readonly imageImport: ImageImport },
  images: Readonly<Record<string, ImageFile>>,
  { ask, pull }: ImageAccess,
  c: Pick<RunContext, "signal" | "log">,
): Promise<void | "unchanged"> {
  const { signal } = c;
  const { imageImport } = runtime;
  const before = await ask();
  const imported = await Promise.all(
    Object.entries(images).map(async ([name, image]) => {
      const { sha256, ref } = image;
      const archive = `${guestPaths.images}/${name}.tar`;
      const id = before.get(ref);
      const noted = id ? `${sha256} ${id}` : "nothing";
      const argv = ["sh", "-c", importScript, "sh", archive, noted] as const;
      const importing = imageImport.by === "program" ? imageImport.argv : (["true"] as const);
      const { stdout } = await transport.exec([...argv, ...importing], { signal, timeoutMs: importMs });
      c.log(`image ${ref}: ${stdout.trim()}`);
      return stdout.trim() === "unchanged" ? undefined : { archive, sha256, ref, image };
    }),
  );
  const fresh = imported.filter((image) => image !== undefined);
  if (fresh.length === 0) return "unchanged";
  if (imageImport.by === "pull") await pull(fresh.map(({ image }) => image));
  const refs = fresh.map(({ ref }) => ref);
  const ids = await idsOf(refs, ask, signal);
  const missing = refs.filter((ref) => !ids.has(ref));
  if (missing.length > 0)
    throw new LocalkubeError("IMAGE_NOT_ARRIVED", {
      file: fresh.map(({ archive }) => archive).join(", "),
      refs: missing.join(", "),
      runtime: runtime.name,
    });
  const notes = fresh.flatMap(({ archive, sha256, ref }) => [archive, `${sha256} ${ids.get(ref)}`]);
  await transport.exec(["sh", "-c", noteScript, "sh", ...notes], { signal });
  return undefined;
}

/** The ids as soon as all of `refs` are there, or after a while what there is. The part of a runtime that serves pods learns of an import a moment later. */
export async function idsOf(
  refs: readonly string[],
  ask: () => Promise<ImageIds>,
  signal: AbortSignal,
): Promise<ImageIds> {
  const arrived = async () => {
    const ids = await ask();
    return refs.every((ref) => ids.has(ref)) ? ids : undefined;
  };
  return (await poll(arrived, { signal, everyMs: 100, limitMs: arrivalMs })) ?? ask();
}
