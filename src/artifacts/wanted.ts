import type { ExpectedDigest } from "./content-digest.ts";

/** One file of the tree, and how its content is known to be right. */
export interface Wanted {
  readonly identity: string;
  readonly digest:
    /** From our own catalogue, or from a digest that was verified itself. */
    | ({ readonly kind: "known" } & ExpectedDigest)
    /** From a `.sha256` or `SHA256SUMS` file that the publisher offers beside it; kept in the tree too. */
    | { readonly kind: "companion"; readonly identity: string }
    /** None is published (a companion file itself, the manifest of an image tag). */
    | { readonly kind: "none" };
  /** Value of the Accept header; registries need it. */
  readonly accept?: string;
}

export const known = (identity: string, sha256: string): Wanted => ({
  identity,
  digest: { kind: "known", sha256 },
});
