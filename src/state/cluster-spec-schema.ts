import * as v from "valibot";
import { components } from "../contract/components.ts";
import { operatingSystems, waitTargets, type ClusterSpec } from "../contract/cluster-spec.ts";

const options = v.record(v.string(), v.string());
const component = v.picklist(components);

/** The stored form of a cluster spec: complete and validated when it was created, so only its shape is checked. */
export const clusterSpecSchema = v.object({
  apiVersion: v.literal("localkube/v1"),
  kind: v.literal("Cluster"),
  name: v.string(),
  driver: v.string(),
  driverOptions: options,
  runtime: v.string(),
  kubernetesVersion: v.string(),
  artifacts: v.picklist(["auto", "upstream", "debian"]),
  mirror: v.string(),
  cpus: v.pipe(v.number(), v.integer(), v.minValue(1)),
  memoryMiB: v.pipe(v.number(), v.integer(), v.minValue(1)),
  diskGiB: v.pipe(v.number(), v.integer(), v.minValue(1)),
  os: v.picklist(operatingSystems),
  image: v.string(),
  cni: v.string(),
  serviceCidr: v.string(),
  podCidr: v.string(),
  extraConfig: v.record(component, options),
  featureGates: v.record(v.string(), v.boolean()),
  apiServer: v.object({
    names: v.array(v.string()),
    ips: v.array(v.string()),
    port: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    overSsh: v.boolean(),
  }),
  wait: v.array(v.picklist(waitTargets)),
  waitTimeoutSeconds: v.pipe(v.number(), v.minValue(1)),
  keepContext: v.boolean(),
  embedCerts: v.boolean(),
}) satisfies v.GenericSchema<unknown, ClusterSpec>;
