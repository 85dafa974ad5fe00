import type { Step } from "../../contract/step.ts";
import type { ClusterBase, StartState } from "./state.ts";
import { apiReady, clusterDns, kubeconfig, ready } from "./steps/cluster-steps.ts";
import {
  hostPackages,
  machineConnect,
  machineCreate,
  machineImage,
  machineResize,
  machineStart,
} from "./steps/machine-steps.ts";
import { apiTunnel } from "./steps/api-tunnel.ts";
import { firewall } from "./steps/firewall.ts";
import { guestPackages } from "./steps/guest-packages.ts";
import { artifactVolumeStep } from "./steps/artifact-volume.ts";
import {
  artifacts,
  certificates,
  controllers,
  controlPlane,
  images,
  kubelet,
} from "./steps/provision-steps.ts";

/** The whole start. Order is for reading; what really waits for what stands in each step's `needs`. */
export const startSteps: readonly Step<StartState, ClusterBase>[] = [
  hostPackages,
  artifacts,
  machineImage,
  machineCreate,
  machineResize,
  machineStart,
  machineConnect,
  apiTunnel,
  guestPackages,
  firewall,
  artifactVolumeStep,
  certificates,
  controlPlane,
  kubelet,
  images,
  controllers,
  apiReady,
  clusterDns,
  kubeconfig,
  ready,
];
