import { waitTargets } from "../../contract/cluster-spec.ts";
import type { HostCapacity } from "../../host/capacity.ts";
import type { SpecLayer } from "./spec-layer.ts";

const defaultProfile = "localkube";

/** Two CPUs, and a quarter of the host's memory between 2 and 6 GiB: enough to work with, without starving the host. */
export function specDefaults(capacity: HostCapacity): Required<SpecLayer> {
  const quarter = Math.min(Math.max(Math.floor(capacity.memoryMiB / 4), 2048), 6144);
  return {
    name: defaultProfile,
    driver: "auto",
    driverOptions: {},
    runtime: "cri",
    kubernetesVersion: "",
    artifacts: "auto",
    mirror: "",
    cpus: Math.min(2, capacity.cpus),
    memory: Math.min(quarter, capacity.memoryMiB),
    diskSize: 20,
    os: "debian",
    image: "",
    cni: "bridge",
    serviceCidr: "10.96.0.0/12",
    podCidr: "10.244.0.0/16",
    extraConfig: {},
    featureGates: {},
    apiserverNames: [],
    apiserverIps: [],
    apiserverPort: 0,
    apiOverSsh: true,
    wait: waitTargets,
    waitTimeout: 360,
    keepContext: false,
    embedCerts: false,
  };
}
