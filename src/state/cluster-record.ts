import * as v from "valibot";
import type { MachineAccess, MachineRef } from "../contract/driver.ts";
import type { NodeRole } from "../contract/node.ts";
import type { ClusterSpec } from "../spec/fields.ts";
import { clusterSpecSchema } from "../spec/schemas.ts";

/** Schema of the record this program writes. Raise it together with an entry in migrations.ts. */
export const recordSchema = 6;

export const clusterPhases = ["creating", "running", "stopped", "paused", "suspended", "deleting"] as const;
/** What the last command wanted the cluster to be; only the driver knows the machine's current state. */
export type ClusterPhase = (typeof clusterPhases)[number];

/** An image that the cluster brought to its nodes; digests as `sha256:<hex>`. */
export interface RecordedImage {
  /** Its name in the runtime. */
  readonly ref: string;
  /** Absent for an image that was built and not taken from a registry; `id` is the image's in the node's runtime (not in records of earlier releases). */
  readonly registry?: { readonly digest: string; readonly id?: string };
}

/** One node of a cluster and its machine, whose driver is the cluster's. */
export interface NodeRecord {
  /** Name in Kubernetes and hostname of the machine, unique in the cluster; the first node has the profile's name. */
  readonly name: string;
  readonly role: NodeRole;
  /** Absent until the driver has created the machine. */
  readonly machine?: MachineRef;
}

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
  /** Never empty; the first is a control plane and stays the first for the cluster's life. */
  readonly nodes: readonly NodeRecord[];
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
  /** Runtimes it had before, while a change is not complete; what they left in the nodes is removed by the next start. */
  readonly formerRuntimes?: readonly string[];
  /** Absent before the first start that got as far as that, and in clusters of earlier releases. */
  readonly images?: readonly RecordedImage[];
  /** Addons that are to be removed from the cluster: `spec.addons` has them no more, the cluster may. Forgotten when it has not. */
  formerAddons?: Readonly<Record<string, FormerAddon>>;
}

export interface FormerAddon {
  /** Also what may hold data. */
  readonly purge: boolean;
}

const imageSchema = v.object({
  ref: v.string(),
  registry: v.exactOptional(v.object({ digest: v.string(), id: v.exactOptional(v.string()) })),
}) satisfies v.GenericSchema<unknown, RecordedImage>;

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

const nodeSchema = v.object({
  // It is a part of file names.
  name: v.pipe(v.string(), v.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)),
  role: v.picklist(["control-plane", "worker"]),
  machine: v.exactOptional(machineSchema),
}) satisfies v.GenericSchema<unknown, NodeRecord>;

const nodesSchema = v.pipe(
  v.array(nodeSchema),
  v.minLength(1, "there is no node"),
  v.check((nodes) => new Set(nodes.map(({ name }) => name)).size === nodes.length, "two nodes have one name"),
);

const fieldsSchema = v.object({
  schema: v.literal(recordSchema),
  spec: clusterSpecSchema,
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  phase: v.picklist(clusterPhases),
  driver: v.string(),
  runtime: v.string(),
  kubernetesVersion: v.string(),
  artifactsSource: v.picklist(["upstream", "debian"]),
  nodes: nodesSchema,
  addresses: v.object({ kubernetesService: v.string(), clusterDns: v.string() }),
  userKubeconfig: v.exactOptional(v.string()),
  formerKubeconfigs: v.exactOptional(v.array(v.string())),
  formerRuntimes: v.exactOptional(v.array(v.string())),
  images: v.exactOptional(v.array(imageSchema)),
  formerAddons: v.exactOptional(v.record(v.string(), v.object({ purge: v.boolean() }))),
}) satisfies v.GenericSchema<unknown, ClusterRecord>;

export const clusterRecordSchema = v.pipe(
  fieldsSchema,
  v.check(
    ({ nodes, spec }) => nodes[0]?.role === "control-plane" && nodes[0].name === spec.name,
    "the first node is not the control plane with the profile's name",
  ),
) satisfies v.GenericSchema<unknown, ClusterRecord>;

/** The record with a change of one of its nodes; the others stay as they are. Pure. */
export const withNode = (
  record: ClusterRecord,
  name: string,
  change: Partial<NodeRecord>,
): ClusterRecord => ({
  ...record,
  nodes: record.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)),
});
