import * as v from "valibot";
import type { KubeObject } from "../kube/api-client.ts";

const objectSchema = v.looseObject(
  {
    apiVersion: v.pipe(v.string("apiVersion is missing"), v.nonEmpty("apiVersion is empty")),
    kind: v.pipe(v.string("kind is missing"), v.nonEmpty("kind is empty")),
    metadata: v.looseObject(
      {
        name: v.pipe(v.string("metadata.name is missing"), v.nonEmpty("metadata.name is empty")),
        namespace: v.optional(v.string("metadata.namespace is not text")),
      },
      "metadata is missing",
    ),
  },
  "it is not an object",
);

/** Kubernetes objects of a file's documents, in order, lists unfolded; a sentence when one of them is none. Pure. */
export function parseManifest(documents: readonly unknown[]): readonly KubeObject[] | string {
  const candidates = documents.flatMap(unfold);
  const objects: KubeObject[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const result = v.safeParse(objectSchema, candidate);
    if (!result.success) return `object ${index + 1}: ${result.issues[0].message}`;
    objects.push(result.output as KubeObject);
  }
  return objects.length ? objects : "it holds no object";
}

function unfold(document: unknown): readonly unknown[] {
  const { kind, items } = (document ?? {}) as { kind?: unknown; items?: unknown };
  return kind === "List" && Array.isArray(items) ? items : [document];
}
