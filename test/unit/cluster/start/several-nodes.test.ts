import { expect, test } from "vitest";
import { recipe } from "../../../../src/cluster/start/recipe.ts";
import { certificateInput } from "../../../../src/cluster/start/node-input.ts";
import {
  type ClusterBase,
  type ClusterState,
  type NodeBase,
  type NodeState,
} from "../../../../src/cluster/start/state.ts";
import { machineCreate } from "../../../../src/cluster/start/steps/machine-create.ts";
import { machineName } from "../../../../src/cluster/access/reach.ts";
import type { Driver, DriverDefinition, MachineSpec } from "../../../../src/contract/driver.ts";
import type { RunContext } from "../../../../src/contract/host.ts";
import { jobsOf, undoJobsOf } from "../../../../src/pipeline/recipe.ts";
import { clusterPaths, nodePaths } from "../../../../src/state/paths.ts";
import { loadCluster, saveCluster } from "../../../../src/state/store.ts";
import { machineOf, recordOfThree, temporaryHost } from "../several-nodes.ts";

/** The state of a start of one control plane and two workers; the driver notes what it is asked to create. */
async function stateOfThree() {
  const host = await temporaryHost();
  const specs: MachineSpec[] = [];
  const driver = {
    create: async (spec: MachineSpec) => {
      specs.push(spec);
      const index = nodes.findIndex(({ machineName: name }) => name === spec.name);
      // The first to be asked is the last to answer.
      await new Promise((resolve) => setTimeout(resolve, 30 - 10 * index));
      return machineOf(spec.hostname, index);
    },
  } as unknown as Driver;
  const capabilities = { forwardsApi: false, image: "rootfs", firewall: "none" };
  const definition = { name: "podman", capabilities } as DriverDefinition;
  const nodes: NodeState[] = [];
  const cluster = {
    ...{ host, record: recordOfThree(false), paths: clusterPaths(host, "demo"), nodes, missingPackages: [] },
    firstAddons: [],
    image: { build: () => Promise.resolve({ kind: "rootfs", file: "/image", key: "k" }) },
    notice: () => undefined,
  } as unknown as ClusterState;
  for (const { name, role } of cluster.record.nodes)
    nodes.push({
      ...{ cluster, name, role, definition, driver },
      machineName: machineName("demo", name),
      paths: nodePaths(host, "demo", name),
    });
  const subjects = { cluster, nodes: nodes.map((state) => ({ name: state.name, state })) };
  return { host, cluster, nodes, specs, subjects };
}

const c = { signal: new AbortController().signal, log: () => undefined } as unknown as RunContext;

test("each node gets a machine of its own, which is on record whoever is ready first", async () => {
  const { host, cluster, nodes, specs } = await stateOfThree();
  await saveCluster(host, {
    ...cluster.record,
    spec: { ...cluster.record.spec, apiServer: { ...cluster.record.spec.apiServer, port: 6443 } },
  });
  cluster.record = (await loadCluster(host, "demo"))!;
  await Promise.all(nodes.map((node) => machineCreate.apply(node, c)));
  const made = [...specs].sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(made.map(({ name, hostname }) => [name, hostname])).toEqual([
    ["localkube-demo", "demo"],
    ["localkube-demo.worker1", "worker1"],
    ["localkube-demo.worker2", "worker2"],
  ]);
  // The port that the user asked for can be given once only.
  expect(made.map(({ ports }) => ports.find(({ name }) => name === "api")?.hostPort)).toEqual([6443, 0, 0]);
  expect(new Set(made.map(({ authorizedKey }) => authorizedKey)).size).toBe(1);
  expect(new Set(made.map(({ hostKey }) => hostKey.publicKey)).size).toBe(3);
  expect((await loadCluster(host, "demo"))?.nodes).toEqual(recordOfThree().nodes);
  expect(certificateInput(cluster).nodes).toEqual([
    { name: "demo", role: "control-plane", address: "10.89.0.2" },
    { name: "worker1", role: "worker", address: "10.89.0.3" },
    { name: "worker2", role: "worker", address: "10.89.0.4" },
  ]);
});

test("steps of the first node keep their ids; only its API is reached through a tunnel; delete ends with its machine", async () => {
  const { subjects } = await stateOfThree();
  const ids = jobsOf<ClusterState, ClusterBase, NodeState, NodeBase>(recipe, subjects).map(({ id }) => id);
  const ofMachines = ids.filter((id) => /^(machine-create|kubelet|api-tunnel)/.test(id));
  expect(ofMachines).toEqual([
    ...["machine-create", "machine-create@worker1", "machine-create@worker2"],
    ...["api-tunnel", "kubelet", "kubelet@worker1", "kubelet@worker2"],
  ]);
  const undo = undoJobsOf<ClusterState, ClusterBase, NodeState, NodeBase>(recipe, subjects, 1000);
  expect(undo.map(({ id }) => id).slice(-3)).toEqual([
    ...["machine-create@worker2", "machine-create@worker1", "machine-create"],
  ]);
});
