import { expect, test } from "vitest";
import {
  type ClusterState,
  type NodeState,
  recordedMachine,
  recordMachine,
  updateRecord,
} from "../../../../src/cluster/start/state.ts";
import { ensureKeys } from "../../../../src/machine/ssh/keys.ts";
import { nodePaths } from "../../../../src/state/paths.ts";
import { loadCluster, saveCluster } from "../../../../src/state/store.ts";
import { machineOf, nodeNames, recordOfThree, temporaryHost } from "../several-nodes.ts";

test("nodes record their machines at the same time, and none overwrites another's", async () => {
  const host = await temporaryHost();
  const cluster = { host, record: recordOfThree(false) } as ClusterState;
  await saveCluster(host, cluster.record);
  const nodes = nodeNames.map(([name, role]) => ({ cluster, name, role }) as NodeState);
  expect(nodes.map(recordedMachine)).toEqual([undefined, undefined, undefined]);
  await Promise.all([
    ...nodes.map((node, index) => recordMachine(node, machineOf(node.name, index))),
    updateRecord(cluster, (record) => ({ ...record, phase: "stopped" })),
  ]);
  const wanted = { ...recordOfThree(), phase: "stopped" };
  expect(await loadCluster(host, "demo")).toEqual(wanted);
  expect(cluster.record).toEqual(wanted);
  expect(nodes.map((node) => recordedMachine(node)?.name)).toEqual([
    "localkube-demo",
    "localkube-demo.worker1",
    "localkube-demo.worker2",
  ]);
});

test("an update that fails is reported to its caller, and the next one is saved", async () => {
  const host = await temporaryHost();
  const cluster = { host, record: recordOfThree() } as ClusterState;
  await saveCluster(host, cluster.record);
  const broken = updateRecord(cluster, (record) => ({ ...record, phase: "gone" as "running" }));
  const next = updateRecord(cluster, (record) => ({ ...record, userKubeconfig: "/k" }));
  await expect(broken).rejects.toThrow();
  await next;
  expect(await loadCluster(host, "demo")).toEqual({ ...recordOfThree(), userKubeconfig: "/k" });
});

test("machines created at the same time get one identity and host keys of their own", async () => {
  const host = await temporaryHost();
  const keys = await Promise.all(
    nodeNames.map(([name]) => {
      const { identity, hostKey } = nodePaths(host, "demo", name);
      return ensureKeys({ identityFile: identity, hostKeyFile: hostKey });
    }),
  );
  expect(new Set(keys.map(({ identity }) => identity.publicKey)).size).toBe(1);
  expect(new Set(keys.map(({ hostKey }) => hostKey.publicKey)).size).toBe(3);
  const again = await ensureKeys({
    identityFile: nodePaths(host, "demo", "demo").identity,
    hostKeyFile: nodePaths(host, "demo", "worker2").hostKey,
  });
  expect(again).toEqual({ identity: keys[0]!.identity, hostKey: keys[2]!.hostKey });
});
