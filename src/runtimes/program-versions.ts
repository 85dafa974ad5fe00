import * as v from "valibot";
import type { ProgramDigests } from "../contract/artifact.ts";
import { parseDigest, sha256Digest } from "../contract/digest.ts";
import type { VersionRange } from "../contract/runtime.ts";

const release = v.pipe(v.string(), v.regex(/^\d+\.\d+(\.\d+)?$/));
/** SHA-256 as hex, or with the name of its algorithm. */
const digest = v.pipe(
  v.string(),
  v.transform((text) => (/^[0-9a-f]{64}$/.test(text) ? sha256Digest(text) : parseDigest(text))),
  v.check((found) => found !== undefined, "it is no digest"),
  v.transform((found) => found!),
);
const range = v.strictObject({ floor: release, below: v.optional(release), install: v.optional(release) });

const schema = v.strictObject({
  minors: v.optional(v.record(v.pipe(v.string(), v.regex(/^1\.\d+$/)), range), {}),
  /** For minors that are not named. */
  every: v.optional(range),
  digests: v.record(release, v.strictObject({ amd64: digest, arm64: digest })),
});

/** The data file of a program, checked when its module is loaded: versions by Kubernetes minor, and digests of releases. */
export function programVersions(json: unknown): {
  readonly versions: (minor: number) => VersionRange | undefined;
  readonly digests: ProgramDigests;
} {
  const { minors, every, digests } = v.parse(schema, json);
  return { versions: (minor) => minors[`1.${minor}`] ?? every, digests };
}
