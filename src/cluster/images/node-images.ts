import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";

export interface NodeImage {
  readonly ref: string;
  /** Of the manifest: equal digests are the same image under two names. */
  readonly digest: string;
  /** As the runtime says it, `15.3 MiB`. */
  readonly size: string;
  /** Known to the part of the runtime that serves pods, which marks what it took in. */
  readonly forPods: boolean;
}

/** The images in the node's runtime, also the nameless entries by which the runtime keeps one (`sha256:…`). */
export async function nodeImages(
  transport: Transport,
  runtime: RuntimeDefinition,
  signal: AbortSignal,
): Promise<readonly NodeImage[]> {
  const { stdout } = await transport.exec(runtime.listImages, { signal, timeoutMs: 60_000 });
  return parseImages(stdout);
}

/** containerd's CRI service puts it on every image that pods can name. */
const podsLabel = "io.cri-containerd.image=managed";

/** Reads the table of `ctr images list`: REF TYPE DIGEST SIZE PLATFORMS LABELS, where SIZE is two words or `-`. */
export function parseImages(table: string): readonly NodeImage[] {
  return table.split("\n").flatMap((line) => {
    const [, ref, digest, size, more = ""] =
      /^(\S+)\s+\S+\s+(sha256:[0-9a-f]{64})\s+(-|[\d.]+ \S+)(\s.*)?$/.exec(line) ?? [];
    return ref && digest && size ? [{ ref, digest, size, forPods: more.includes(podsLabel) }] : [];
  });
}

/** Entries the runtime made for itself; users know images by name. */
export const isNamed = ({ ref }: NodeImage): boolean => !ref.startsWith("sha256:");
