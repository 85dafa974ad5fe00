import * as v from "valibot";
import type { ProgramDigests } from "../contract/artifact.ts";
import { sha256Digest } from "../contract/digest.ts";
import type { VersionRange } from "../contract/runtime.ts";

const release = v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.transform(sha256Digest));

const schema = v.strictObject({
  minors: v.record(
    v.pipe(v.string(), v.regex(/^1\.\d+$/)),
    v.strictObject({ floor: release, below: v.optional(release), install: release }),
  ),
  digests: v.record(release, v.strictObject({ amd64: sha256, arm64: sha256 })),
});

/** The data file of a program, checked when its module is loaded: versions by Kubernetes minor, and digests of releases. */
export function programVersions(json: unknown): {
  readonly versions: (minor: number) => VersionRange | undefined;
  readonly digests: ProgramDigests;
} {
  const { minors, digests } = v.parse(schema, json);
  return { versions: (minor) => minors[`1.${minor}`], digests };
}
