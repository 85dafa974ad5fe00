/** Words that a cluster's spec is made of and that other parts work with. The spec itself is the table in src/spec/fields.ts. */

/** The user's request, validated once; the same content as `localkube.yaml`. Plain JSON, stored in the profile. */

/** What `--wait` can wait for, in the order in which they become true. */
export const waitTargets = ["apiserver", "node", "system-pods", "dns"] as const;
export type WaitTarget = (typeof waitTargets)[number];

/** Operating systems that a virtual machine's disk may contain. */
export const operatingSystems = ["debian", "flatcar"] as const;

/** Where Kubernetes can come from: released binaries, or a build of Debian's source package. */
export const artifactSources = ["upstream", "debian"] as const;
