/** The parts of a registry's documents that are read; everything in them is optional until it has been checked. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
}

export interface ParsedManifest {
  readonly schemaVersion?: number;
  readonly mediaType?: string;
  /** Set in a list of platforms. */
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** Kinds of documents we can read, for the Accept header. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

export const platformOf = ({ platform }: Descriptor): string =>
  `${platform?.os ?? ""}/${platform?.architecture ?? ""}`;

/** Config and layers of one platform's manifest; `undefined` when it is not such a document. */
export function descriptorsOf(
  document: ParsedManifest,
): { readonly config: Descriptor; readonly layers: readonly Descriptor[] } | undefined {
  const { config, layers } = document;
  const sound = (part: Descriptor | undefined) => typeof part?.digest === "string";
  if (!config || !Array.isArray(layers) || !sound(config) || !layers.every(sound)) return undefined;
  return { config, layers: layers as readonly Descriptor[] };
}
