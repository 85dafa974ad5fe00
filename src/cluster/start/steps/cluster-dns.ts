import { type AddonPlan, enableAddon } from "../../../addons/enable.ts";
import { wishedImage } from "../../../contract/artifact.ts";
import { firstNode } from "../../../contract/node.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { applyRuntimeClasses } from "../../../provision/cluster/runtime-classes.ts";
import { Objects } from "../../../kube/objects.ts";
import type { PodNetwork } from "../../../provision/network/pod-network.ts";
import { ociRuntimesByName } from "../../../runtimes/oci/registry.ts";
import { knownAddons } from "../../addons/known-addons.ts";
import { dnsPlan } from "../../addons/dns.ts";
import { type ClusterBase, type ClusterState, need } from "../state.ts";
import { clusterDnsImage } from "../wishes.ts";

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
    const pods = network.kind === "manifest" && (await enable(networkPlan(s, network), s, c));
    const image = wishedImage(need(s, "artifacts"), clusterDnsImage).ref;
    const known = await knownAddons(s.paths.addons);
    const objects = new Objects(api);
    const plan = await dnsPlan(s.record, image, { known, objects, signal: c.signal });
    const dns = await enable(plan, s, c);
    const classes = await applyRuntimeClasses(api, ociRuntimesByName(s.record.spec.ociRuntimes), c.signal);
    return pods || dns || classes ? undefined : "unchanged";
  },
};

/** Whether anything was done. Whether it works is what the start waits for at its end. */
async function enable(plan: AddonPlan, s: ClusterState, { signal, report }: RunContext): Promise<boolean> {
  const { outcome } = await enableAddon(plan, {
    objects: new Objects(need(s, "api")),
    signal,
    report: (message) => report({ message }),
    wait: () => Promise.resolve(),
  });
  return outcome === "enabled";
}

/** A manifest that the user gave takes the form of an addon: what it no longer has is removed. */
const networkPlan = (
  { record: { spec } }: ClusterState,
  { objects }: Extract<PodNetwork, { kind: "manifest" }>,
): AddonPlan => ({ name: "pod-network", version: spec.cni, options: {}, objects });
