import { firstNode } from "../../contract/node.ts";
import type { Place, Row } from "../../pipeline/recipe.ts";
import type { Step } from "../../contract/step.ts";
import { isEmulated } from "../../provision/guest/guest-facts.ts";
import { isForeign } from "../../runtimes/foreign/index.ts";
import { defaultRuntimeName, runtimeByName } from "../../runtimes/registry.ts";
import { type ClusterBase, type ClusterState, need, type NodeBase, type NodeState } from "./state.ts";
import { addons } from "./steps/addons.ts";
import { firstAddons } from "./steps/first-addons.ts";
import { apiReady } from "./steps/api-ready.ts";
import { apiTunnel } from "./steps/api-tunnel.ts";
import { artifacts } from "./steps/artifacts.ts";
import { attachArtifacts } from "./steps/artifact-volume.ts";
import { certificates } from "./steps/certificates.ts";
import { clusterDns } from "./steps/cluster-dns.ts";
import { controllers } from "./steps/controllers.ts";
import { controlPlane } from "./steps/control-plane.ts";
import { criServer } from "./steps/cri-server.ts";
import { firewall } from "./steps/firewall.ts";
import { guestPackages } from "./steps/guest-packages.ts";
import { hostPackages } from "./steps/host-packages.ts";
import { images } from "./steps/images.ts";
import { kubeconfig } from "./steps/kubeconfig.ts";
import { kubelet } from "./steps/kubelet.ts";
import { machineConnect } from "./steps/machine-connect.ts";
import { machineCreate } from "./steps/machine-create.ts";
import { machineImage } from "./steps/machine-image.ts";
import { machineResize } from "./steps/machine-resize.ts";
import { machineStart } from "./steps/machine-start.ts";
import { ready } from "./steps/ready.ts";
import { runtimeChange } from "./steps/runtime-change.ts";

export type StartRow = Row<ClusterState, ClusterBase, NodeState, NodeBase>;

const once = (step: Step<ClusterState, ClusterBase>, place: Place<ClusterState> = {}): StartRow => ({
  per: "cluster",
  step,
  ...place,
});
const perNode = (step: Step<NodeState, NodeBase>, place: Place<NodeState> = {}): StartRow => ({
  per: "node",
  step,
  ...place,
});

/**
 * The whole start: the order of its steps, their dependencies and their conditions. `delete` undoes it backwards. The table in
 * ARCHITECTURE.md is generated from it, with the names of the conditions as words.
 */
export const recipe: readonly StartRow[] = [
  once(hostPackages, { when: packagesAreMissing, download: true }),
  once(artifacts, { after: [hostPackages], download: true }),
  once(machineImage, { after: [hostPackages], when: driverTakesAnImage, download: true }),
  perNode(machineCreate, { after: [machineImage] }),
  perNode(machineResize, { after: [machineCreate], when: driverCanResize }),
  perNode(machineStart, { after: [machineResize] }),
  perNode(machineConnect, { after: [machineStart] }),
  perNode(apiTunnel, { after: [machineConnect], when: apiGoesOverSsh }),
  perNode(criServer, { after: [machineConnect], when: runtimeIsForeign }),
  perNode(runtimeChange, { after: [criServer], when: runtimeChanges }),
  perNode(guestPackages, { after: [runtimeChange], when: packagesMayBeMissing }),
  perNode(firewall, { after: [guestPackages], when: machineNeedsAFirewall }),
  perNode(attachArtifacts, { after: [artifacts, machineConnect], when: driverAttachesVolumes }),
  once(certificates, { after: [machineCreate] }),
  perNode(controlPlane, { after: [artifacts, firewall, attachArtifacts, certificates] }),
  once(apiReady, { after: [apiTunnel, controlPlane] }),
  perNode(kubelet, { after: [controlPlane], also: { after: [apiReady], when: machineIsEmulated } }),
  perNode(images, { after: [kubelet] }),
  perNode(controllers, { after: [kubelet] }),
  once(clusterDns, { after: [apiReady] }),
  once(kubeconfig, { after: [certificates, apiReady] }),
  once(firstAddons, { after: [images, clusterDns], when: firstAddonsAreOnRecord }),
  once(ready, { after: [images, controllers, clusterDns, kubeconfig] }),
  once(addons, { after: [ready, firstAddons], when: otherAddonsAreOnRecord }),
];

function packagesAreMissing({ missingPackages }: ClusterState): boolean {
  return missingPackages.length > 0;
}

function firstAddonsAreOnRecord({ firstAddons: names }: ClusterState): boolean {
  return names.length > 0;
}

function otherAddonsAreOnRecord({
  record: { spec, formerAddons },
  firstAddons: names,
}: ClusterState): boolean {
  return Object.keys(spec.addons).length > names.length || formerAddons !== undefined;
}

function runtimeChanges({ cluster }: NodeState): boolean {
  return cluster.record.formerRuntimes !== undefined;
}

function runtimeIsForeign({ cluster }: NodeState): boolean {
  return isForeign(cluster.record.runtime);
}

function driverTakesAnImage({ nodes }: ClusterState): boolean {
  return nodes.some(({ definition }) => definition.capabilities.image !== "none");
}

function driverCanResize({ driver }: NodeState): boolean {
  return driver.resize !== undefined;
}

function machineNeedsAFirewall({ definition }: NodeState): boolean {
  return definition.capabilities.firewall !== "none";
}

function driverAttachesVolumes({ driver }: NodeState): boolean {
  return driver.volumes !== undefined;
}

function apiGoesOverSsh(node: NodeState): boolean {
  const { cluster, definition } = node;
  return (
    node === firstNode(cluster) &&
    !definition.capabilities.forwardsApi &&
    cluster.record.spec.apiServer.overSsh
  );
}

/** Whatever starts beside an emulated API server delays it, and gives up on it: the controllers exit and begin all over. */
function machineIsEmulated(node: NodeState): boolean {
  return isEmulated(need(node, "facts"));
}

/** A machine created from our own image has all packages, unless it was created for another runtime. */
function packagesMayBeMissing({ cluster, definition }: NodeState): boolean {
  const { image, os } = cluster.record.spec;
  const isOurs = definition.capabilities.image !== "none" && image === "" && os === "debian";
  const isDefault = cluster.record.runtime === runtimeByName(defaultRuntimeName).name;
  return !isOurs || !isDefault || cluster.record.spec.ociRuntimes.length > 0;
}
