import * as v from "valibot";
import { kubernetesComponents } from "../../contract/components.ts";
import { type Digest, sha256Digest } from "../../contract/digest.ts";
import digestsJson from "./digests.json" with { type: "json" };
import etcdFlagsJson from "./etcd-flags.json" with { type: "json" };
import flagsJson from "./flags.json" with { type: "json" };
import imageDigestsJson from "./image-digests.json" with { type: "json" };
import kubernetesJson from "./kubernetes.json" with { type: "json" };

const release = v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.transform(sha256Digest));
const minorNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
const flag = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/));

const minorSchema = v.strictObject({
  /** Newest patch release known when this catalogue was made; newer ones are accepted. */
  lastPatch: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** The etcd that this minor's newest patch release ships with (never 3.5.0 to 3.5.2, which corrupt data). */
  etcd: release,
  /** Tag of `registry.k8s.io/pause`. */
  pause: v.pipe(v.string(), v.regex(/^\d+(\.\d+)+$/)),
  coredns: v.pipe(v.string(), v.regex(/^v?\d+\.\d+\.\d+$/)),
  corednsImage: v.string(),
  cniPlugins: release,
  crictl: release,
});

const flagsSchema = v.strictObject({
  /** Printed by `--help` of both 1.20 and 1.36. */
  both: v.array(flag),
  only120: v.array(flag),
  only136: v.array(flag),
  /** First minor without the flag. */
  removed: v.record(flag, minorNumber),
  /** First minor with the flag. */
  added: v.record(flag, minorNumber),
});

const versionDigests = v.record(release, v.strictObject({ amd64: sha256, arm64: sha256 }));

/** The four data files, checked once when this module is loaded: a damaged installation fails here and not in mid-work. */
export const kubernetesMinors = v.parse(
  v.record(v.pipe(v.string(), v.regex(/^1\.\d+$/)), minorSchema),
  kubernetesJson,
);
export const componentFlags = v.parse(
  v.strictObject(v.entriesFromList(kubernetesComponents, flagsSchema)),
  flagsJson,
);
/** Flags of etcd 3.4 to 3.7 as one text; the numbers are minors of etcd 3. */
export const etcdFlags = v.parse(
  v.strictObject({
    known: v.pipe(
      v.string(),
      v.transform((text) => new Set(text.split(" "))),
    ),
    removed: v.record(flag, minorNumber),
    added: v.record(flag, minorNumber),
  }),
  etcdFlagsJson,
);
/** By program and version (without `v`). */
export const programDigests: Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<"amd64" | "arm64", Digest>>>>>
> = v.parse(v.record(v.string(), versionDigests), digestsJson);
/** Digest of a tag's index (the list of platforms), for tags whose digest is published by third parties too. */
export const imageDigests: Readonly<Record<string, Digest>> = v.parse(
  v.record(v.string(), sha256),
  imageDigestsJson,
);

export type MinorData = v.InferOutput<typeof minorSchema>;
