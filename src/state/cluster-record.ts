import * as v from "valibot";
import type { MachineAccess, MachineRef } from "../contract/driver.ts";
import type { ClusterSpec } from "../spec/fields.ts";
import { clusterSpecSchema } from "../spec/schemas.ts";

/** Schema of the record this program writes. Raise it together with an entry in migrations.ts. */
export const recordSchema = 3;

export const clusterPhases = ["creating", "running", "stopped", "paused", "suspended", "deleting"] as const;
/** What the last command wanted the cluster to be; only the driver knows the machine's current state. */
export type ClusterPhase = (typeof clusterPhases)[number];

/** Everything we know of a cluster, stored as `cluster.json`. Secrets are in separate files, never here. */
export interface ClusterRecord {
  readonly schema: typeof recordSchema;
  readonly spec: ClusterSpec;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly phase: ClusterPhase;
  /** What `auto` and `cri` resolved to, decided before anything is created. */
  readonly driver: string;
  readonly runtime: string;
  /** `v1.36.5` */
  readonly kubernetesVersion: string;
  readonly artifactsSource: "upstream" | "debian";
  /** Absent until the driver has created the machine. */
  readonly machine?: MachineRef;
  /** Addresses inside the cluster, kept for its life. */
  readonly addresses: {
    /** First address of the service CIDR: the Service `kubernetes`. */
    readonly kubernetesService: string;
    /** Tenth address of the service CIDR: cluster DNS. */
    readonly clusterDns: string;
  };
  /** The user's kubeconfig that our entries were merged into; absent before the first merge. */
  readonly userKubeconfig?: string;
  /** Other files they were merged into before, when `$KUBECONFIG` was different; `delete` removes them there too. */
  readonly formerKubeconfigs?: readonly string[];
}

const jumpSchema = v.object({
  host: v.string(),
  port: v.number(),
  user: v.string(),
  identityFile: v.exactOptional(v.string()),
  hostKey: v.string(),
});

const accessSchema = v.object({
  host: v.string(),
  port: v.number(),
  user: v.string(),
  identityFile: v.exactOptional(v.string()),
  agent: v.exactOptional(v.boolean()),
  hostKey: v.exactOptional(v.string()),
  jump: v.exactOptional(jumpSchema),
  sudoPasswordFile: v.exactOptional(v.string()),
}) satisfies v.GenericSchema<unknown, MachineAccess>;

const machineSchema = v.object({
  driver: v.string(),
  name: v.string(),
  id: v.exactOptional(v.string()),
  address: v.string(),
  addressReachable: v.boolean(),
  ports: v.object({ ssh: v.number(), api: v.number() }),
  access: v.exactOptional(accessSchema),
  api: v.exactOptional(v.picklist(["forwarded", "ssh", "direct"])),
  data: v.record(v.string(), v.string()),
}) satisfies v.GenericSchema<unknown, MachineRef>;

export const clusterRecordSchema = v.object({
  schema: v.literal(recordSchema),
  spec: clusterSpecSchema,
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  phase: v.picklist(clusterPhases),
  driver: v.string(),
  runtime: v.string(),
  kubernetesVersion: v.string(),
  artifactsSource: v.picklist(["upstream", "debian"]),
  machine: v.exactOptional(machineSchema),
  addresses: v.object({ kubernetesService: v.string(), clusterDns: v.string() }),
  userKubeconfig: v.exactOptional(v.string()),
  formerKubeconfigs: v.exactOptional(v.array(v.string())),
}) satisfies v.GenericSchema<unknown, ClusterRecord>;
