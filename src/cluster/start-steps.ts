import type { Step } from "../contract/step.ts";
import type { ClusterBase, StartState } from "./start-state.ts";
import { apiReady, clusterDns, kubeconfig, ready } from "./steps/cluster-steps.ts";
import {
  hostPackages,
  machineConnect,
  machineCreate,
  machineImage,
  machineResize,
  machineStart,
} from "./steps/machine-steps.ts";
import { apiTunnel } from "./steps/api-tunnel-step.ts";
import { guestPackages } from "./steps/guest-packages-step.ts";
import { artifactVolumeStep } from "./steps/artifact-volume-step.ts";
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
