import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";

export interface NodeImage {
  readonly ref: string;
  /** Of the manifest: equal digests mean the same image under two names. */
  readonly digest: string;
  /** As the runtime prints it, `15.3 MiB`. */
  readonly size: string;
  /** Known to the part of the runtime that serves pods, which labels the images it has taken over. */
  readonly forPods: boolean;
}

/** The images in the node's runtime, including the nameless entries that the runtime keeps for them (`sha256:…`). */
export async function nodeImages(
  transport: Transport,
  runtime: RuntimeDefinition,
  signal: AbortSignal,
): Promise<readonly NodeImage[]> {
  const { stdout } = await transport.exec(runtime.listImages, { signal, timeoutMs: 60_000 });
  return parseImages(stdout);
}

/** Label that containerd's CRI service puts on every image that pods can use. */
const podsLabel = "io.cri-containerd.image=managed";

/** Reads the table of `ctr images list`: REF TYPE DIGEST SIZE PLATFORMS LABELS, where SIZE is two words or `-`. */
export function parseImages(table: string): readonly NodeImage[] {
  return table.split("\n").flatMap((line) => {
    const [, ref, digest, size, more = ""] =
      /^(\S+)\s+\S+\s+(sha256:[0-9a-f]{64})\s+(-|[\d.]+ \S+)(\s.*)?$/.exec(line) ?? [];
    return ref && digest && size ? [{ ref, digest, size, forPods: more.includes(podsLabel) }] : [];
  });
}

/** Entries the runtime created for itself; users refer to images by name. */
export const isNamed = ({ ref }: NodeImage): boolean => !ref.startsWith("sha256:");
