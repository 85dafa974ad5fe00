import { join } from "node:path";
import type { ClusterRecord } from "../../src/state/cluster-record.ts";
import { saveCluster } from "../../src/state/store.ts";

const record = (name: string): ClusterRecord => ({
  schema: 4,
  spec: {
    apiVersion: "localkube/v1",
    kind: "Cluster",
    name,
    driver: "auto",
    driverOptions: {},
    runtime: "cri",
    kubernetesVersion: "",
    artifacts: "auto",
    mirror: "",
    cpus: 2,
    memoryMiB: 2048,
    diskGiB: 20,
    os: "debian",
    image: "",
    cni: "bridge",
    serviceCidr: "10.96.0.0/12",
    podCidr: "10.244.0.0/16",
    extraConfig: {},
    featureGates: {},
    apiServer: { names: [], ips: [], port: 0, overSsh: true },
    wait: ["apiserver"],
    waitTimeoutSeconds: 360,
    keepContext: false,
    embedCerts: false,
  },
  createdAt: "2026-01-02T03:04:05.000Z",
  phase: "stopped",
  driver: "podman",
  runtime: "containerd",
  kubernetesVersion: "v1.20.2",
  artifactsSource: "debian",
  nodes: [{ name, role: "control-plane" }],
  addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
});

/** Puts a stopped cluster on record whose machine nobody made. */
export const storeCluster = (home: string, name: string, more: Partial<ClusterRecord> = {}): Promise<void> =>
  saveCluster({ stateDir: join(home, "state"), cacheDir: join(home, "cache") }, { ...record(name), ...more });
