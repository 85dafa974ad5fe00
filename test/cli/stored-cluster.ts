import { join } from "node:path";
import type { ClusterRecord } from "../../src/state/cluster-record.ts";
import { saveCluster } from "../../src/state/store.ts";
import { sampleSpec } from "../fixtures/sample-spec.ts";

const record = (name: string): ClusterRecord => ({
  schema: 6,
  spec: sampleSpec({ name }),
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
