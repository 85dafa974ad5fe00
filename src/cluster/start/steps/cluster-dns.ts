import { wishedImage } from "../../../contract/artifact.ts";
import { firstNode } from "../../../contract/node.ts";
import type { Step } from "../../../contract/step.ts";
import { clusterDnsImage, clusterDnsObjects } from "../../../provision/cluster/cluster-dns.ts";
import { applyRuntimeClasses } from "../../../provision/cluster/runtime-classes.ts";
import { applyObjects } from "../../../kube/objects.ts";
import { ociRuntimesByName } from "../../../runtimes/oci/registry.ts";
import { clusterDomain } from "../node-input.ts";
import { type ClusterBase, type ClusterState, need } from "../state.ts";

export const clusterDns: Step<ClusterState, ClusterBase> = {
  id: "cluster-dns",
  title: "Applying cluster DNS",
  timeoutMs: 900_000,
  plan: ({ record: { spec } }) => [
    ...(["bridge", "none"].includes(spec.cni) ? [] : [`apply the pod network of ${spec.cni}`]),
    "apply cluster DNS (Deployment coredns, Service kube-dns)",
    ...ociRuntimesByName(spec.ociRuntimes).map(
      ({ name, runtimeClass }) => `apply the RuntimeClass ${runtimeClass} for ${name}`,
    ),
  ],
  async apply(s, c) {
    const api = need(s, "api");
    const network = need(firstNode(s), "network");
    // Before DNS, because its pod waits for the network.
    const pods = network.kind === "manifest" && (await applyObjects(api, network.objects, c.signal));
    const objects = clusterDnsObjects({
      source: s.plan.source,
      image: wishedImage(need(s, "artifacts"), clusterDnsImage).ref,
      address: s.record.addresses.clusterDns,
      domain: clusterDomain,
    });
    const dns = await applyObjects(api, objects, c.signal);
    const classes = await applyRuntimeClasses(api, ociRuntimesByName(s.record.spec.ociRuntimes), c.signal);
    return pods || dns || classes ? undefined : "unchanged";
  },
};
