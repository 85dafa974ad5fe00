import * as v from "valibot";
import type { components } from "../../contract/components.ts";

const optionValue = v.union([v.string(), v.number(), v.boolean()]);
const options = v.optional(v.record(v.string(), optionValue));
const texts = v.optional(v.array(v.string()));
const number = v.optional(v.number());
const text = v.optional(v.string());
const quantity = v.optional(v.union([v.string(), v.number()]));
const yesOrNo = v.optional(v.boolean());

/**
 * `localkube.yaml`: the fields of ClusterSpec, all but the first two optional; `memoryMiB` and `waitTimeoutSeconds` can also be written
 * like the flags (`memory: 4G`, `waitTimeout: 6m`). Only types are checked here; values are checked where those of flags are.
 */
export const clusterFileSchema = v.strictObject({
  apiVersion: v.literal("localkube/v1"),
  kind: v.literal("Cluster"),
  name: text,
  driver: text,
  driverOptions: options,
  runtime: text,
  kubernetesVersion: text,
  artifacts: text,
  mirror: text,
  cpus: number,
  memory: quantity,
  memoryMiB: number,
  diskSize: quantity,
  diskGiB: number,
  os: text,
  image: text,
  cni: text,
  serviceCidr: text,
  podCidr: text,
  extraConfig: v.optional(
    v.strictObject({
      kubelet: options,
      apiserver: options,
      "controller-manager": options,
      scheduler: options,
      proxy: options,
      etcd: options,
    } satisfies Record<(typeof components)[number], typeof options>),
  ),
  featureGates: v.optional(v.record(v.string(), v.boolean())),
  apiServer: v.optional(v.strictObject({ names: texts, ips: texts, port: number, overSsh: yesOrNo })),
  wait: texts,
  waitTimeout: quantity,
  waitTimeoutSeconds: number,
  keepContext: yesOrNo,
  embedCerts: yesOrNo,
});

export type ClusterFile = v.InferOutput<typeof clusterFileSchema>;
