import * as v from "valibot";
import type { KubeObject } from "../kube/api-client.ts";
import { describeIssue } from "./describe-issue.ts";

const text = v.pipe(v.string(), v.nonEmpty());
const objectSchema = v.looseObject({
  apiVersion: text,
  kind: text,
  metadata: v.looseObject({ name: text, namespace: v.optional(v.string()) }),
});

/** Kubernetes objects of a file's documents, in order, lists unfolded; a sentence when one of them is none. Pure. */
export function parseManifest(documents: readonly unknown[]): readonly KubeObject[] | string {
  const candidates = documents.flatMap(unfold);
  const objects: KubeObject[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const result = v.safeParse(objectSchema, candidate);
    if (!result.success) return `object ${index + 1}: ${describeIssue(result.issues[0])}`;
    objects.push(result.output as KubeObject);
  }
  return objects.length ? objects : "it holds no object";
}

function unfold(document: unknown): readonly unknown[] {
  const { kind, items } = (document ?? {}) as { kind?: unknown; items?: unknown };
  return kind === "List" && Array.isArray(items) ? items : [document];
}
