import { join } from "node:path";
import { expect, test } from "vitest";
import { machineName, profileOf } from "../../../../src/cluster/access/reach.ts";
import { nodeOf, startOrder, stopOrder } from "../../../../src/cluster/access/open-cluster.ts";
import { profileName } from "../../../../src/spec/parse/profile-name.ts";
import { clusterPaths, nodePaths } from "../../../../src/state/paths.ts";
import { openThree, temporaryHost } from "../several-nodes.ts";

test("a machine belongs to one profile, whatever profiles and nodes are called", () => {
  expect(machineName("demo")).toBe("localkube-demo");
  expect(machineName("demo", "demo")).toBe("localkube-demo");
  expect(machineName("demo", "worker1")).toBe("localkube-demo.worker1");
  const names = ["a", "b", "a-b", "b-a", "a--b"];
  const machines = names.flatMap((profile) => names.map((node) => machineName(profile, node)));
  expect(new Set(machines).size).toBe(machines.length);
  for (const profile of names)
    for (const node of names) expect(profileOf(machineName(profile, node))).toBe(profile);
  expect(() => profileName("a.b")).toThrow("'.'");
  for (const other of ["demo", "localkube-", "localkube-a.b.c", "xlocalkube-a"])
    expect(profileOf(other)).toBeUndefined();
});

test("the first node's files stay where they were, the others have a folder each, our key is the cluster's", async () => {
  const host = await temporaryHost();
  const { folder, identity } = clusterPaths(host, "demo");
  expect(nodePaths(host, "demo", "demo")).toEqual({
    identity: join(folder, "ssh/id_ed25519"),
    hostKey: join(folder, "ssh/host_ed25519"),
    knownHosts: join(folder, "ssh/known_hosts"),
    tunnel: join(folder, "ssh/tunnel.sock"),
    clientPrograms: join(folder, "ssh/bin"),
  });
  expect(nodePaths(host, "demo", "worker1")).toEqual({
    identity,
    hostKey: join(folder, "nodes/worker1/host_ed25519"),
    knownHosts: join(folder, "nodes/worker1/known_hosts"),
    tunnel: join(folder, "nodes/worker1/tunnel.sock"),
    clientPrograms: join(folder, "nodes/worker1/bin"),
  });
});

test("a node is found by its name, without one it is the first, and an unknown name lists them all", async () => {
  const cluster = openThree(await temporaryHost(), {});
  expect(nodeOf(cluster).name).toBe("demo");
  expect(nodeOf(cluster, "worker2").machineName).toBe("localkube-demo.worker2");
  expect(() => nodeOf(cluster, "worker3")).toThrow(
    expect.objectContaining({
      id: "NODE_UNKNOWN",
      message: expect.stringContaining("did you mean 'worker") as string,
      fix: "Use one of its nodes: demo, worker1, worker2",
    }) as Error,
  );
});

test("workers stop first and start last, the first node is the last to stop", () => {
  const nodes = [
    { name: "one", role: "control-plane" },
    { name: "w1", role: "worker" },
    { name: "two", role: "control-plane" },
    { name: "w2", role: "worker" },
  ] as const;
  expect(stopOrder(nodes).map(({ name }) => name)).toEqual(["w2", "w1", "two", "one"]);
  expect(startOrder(nodes).map(({ name }) => name)).toEqual(["one", "two", "w1", "w2"]);
});
