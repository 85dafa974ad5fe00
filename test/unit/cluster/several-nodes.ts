import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { machineName } from "../../../src/cluster/access/reach.ts";
import type { OpenCluster, OpenNode } from "../../../src/cluster/access/open-cluster.ts";
import type { UseCaseContext } from "../../../src/cluster/access/use-case.ts";
import type { Driver, DriverDefinition, MachineRef } from "../../../src/contract/driver.ts";
import type { NodeRole } from "../../../src/contract/node.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import { resolveSpec } from "../../../src/spec/resolve-spec.ts";
import type { ClusterRecord } from "../../../src/state/cluster-record.ts";
import { clusterPaths, nodePaths } from "../../../src/state/paths.ts";
import { surroundingsOf } from "../spec/surroundings.ts";

export const nodeNames: readonly (readonly [string, NodeRole])[] = [
  ["demo", "control-plane"],
  ["worker1", "worker"],
  ["worker2", "worker"],
];

export const machineOf = (node: string, index: number): MachineRef => ({
  driver: "podman",
  name: machineName("demo", node),
  address: `10.89.0.${index + 2}`,
  addressReachable: true,
  ports: { ssh: 40_000 + index, api: 41_000 + index },
  data: {},
});

/** A cluster of one control plane and two workers, on record or about to be created. */
export function recordOfThree(created = true): ClusterRecord {
  const capacity = { cpus: 2, memoryMiB: 4096 };
  return {
    schema: 6,
    spec: resolveSpec({ flags: { name: "demo" } }, surroundingsOf({ capacity })),
    createdAt: "2026-11-20T02:14:32.028Z",
    phase: "running",
    driver: "podman",
    runtime: "containerd",
    kubernetesVersion: "v1.20.2",
    artifactsSource: "debian",
    nodes: nodeNames.map(([name, role], index) => ({
      name,
      role,
      ...(created ? { machine: machineOf(name, index) } : {}),
    })),
    addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
  };
}

/** A state folder for one test, removed after it. */
export async function temporaryHost() {
  const folder = await mkdtemp(join(tmpdir(), "localkube-nodes-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return hostContext({
    HOME: folder,
    LOCALKUBE_HOME: join(folder, "state"),
    XDG_CACHE_HOME: join(folder, "cache"),
  });
}

export function contextOf(host: UseCaseContext["host"]): UseCaseContext {
  const { signal } = new AbortController();
  return { host, signal, emit: () => undefined, log: () => undefined };
}

/** The same cluster as use cases open it, with a driver of the test. */
export function openThree(host: UseCaseContext["host"], driver: Partial<Driver>): OpenCluster {
  const record = recordOfThree();
  const nodes: OpenNode[] = [];
  const cluster: OpenCluster = {
    host,
    record,
    paths: clusterPaths(host, "demo"),
    definition: { name: "podman", capabilities: { powerButton: true } } as DriverDefinition,
    driver: driver as Driver,
    nodes,
  };
  for (const node of record.nodes)
    nodes.push({
      ...node,
      cluster,
      machineName: machineName("demo", node.name),
      paths: nodePaths(host, "demo", node.name),
    });
  return cluster;
}
