import { describe, expect, it } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { Step } from "../../../src/contract/step.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import { jobsOf, planOf, type Row, undoJobsOf } from "../../../src/pipeline/recipe.ts";
import { runJobs } from "../../../src/pipeline/run-jobs.ts";

interface Cluster {
  readonly did: string[];
  readonly isMetal: boolean;
}
interface Node {
  readonly cluster: Cluster;
  readonly name: string;
  readonly role: "control-plane" | "worker";
}

const forCluster = (id: string, undo = false): Step<Cluster> => ({
  id,
  title: `Doing ${id}`,
  timeoutMs: 1000,
  plan: () => [`do ${id}`],
  apply: (cluster) => Promise.resolve(void cluster.did.push(id)),
  ...(undo
    ? {
        undo: {
          title: `Undoing ${id}`,
          run: (cluster) => Promise.resolve(void cluster.did.push(`undo ${id}`)),
        },
      }
    : {}),
});
const forNode = (id: string, undo?: (node: Node) => Promise<void>): Step<Node> => ({
  id,
  title: `Doing ${id}`,
  timeoutMs: 1000,
  plan: ({ name }) => [`do ${id} on ${name}`],
  apply: ({ cluster, name }) => Promise.resolve(void cluster.did.push(`${id} ${name}`)),
  ...(undo ? { undo: { title: `Undoing ${id}`, run: undo } } : {}),
});

const image = forCluster("image");
const undone = ({ cluster, name }: Node) => Promise.resolve(void cluster.did.push(`undo create ${name}`));
const create = forNode("create", undone);
const firewall = forNode("firewall");
const apiServer = forNode("api-server");
const kubelet = forNode("kubelet");
const ready = forCluster("ready", true);

const rows: readonly Row<Cluster, Cluster, Node, Node>[] = [
  { per: "cluster", step: image },
  { per: "node", step: create, after: [image] },
  { per: "node", step: firewall, after: [create], when: ({ cluster }) => cluster.isMetal },
  { per: "node", step: apiServer, after: [firewall], when: ({ role }) => role === "control-plane" },
  { per: "node", step: kubelet, after: [apiServer] },
  { per: "cluster", step: ready, after: [kubelet] },
];

function subjects(count: number, isMetal = false) {
  const cluster: Cluster = { did: [], isMetal };
  const nodes = Array.from({ length: count }, (_, index): { name: string; state: Node } => {
    const name = index === 0 ? "one" : `worker${index}`;
    return { name, state: { cluster, name, role: index === 0 ? "control-plane" : "worker" } };
  });
  return { cluster, nodes };
}

const options = {
  command: "test",
  profile: "p",
  host: hostContext({}),
  signal: new AbortController().signal,
  emit: () => undefined,
  log: () => undefined,
};

const graph = (jobs: ReturnType<typeof jobsOf>) => jobs.map(({ id, after }) => [id, ...after]);

describe("a recipe", () => {
  it("of one node has the steps' own ids, without those that do not apply; who waited for them waits for what they waited for", () => {
    expect(graph(jobsOf(rows, subjects(1)))).toEqual([
      ["image"],
      ["create", "image"],
      ["api-server", "create"],
      ["kubelet", "api-server"],
      ["ready", "kubelet"],
    ]);
  });

  it("of several nodes waits on each node for the node's own steps, and in the cluster for those of all", () => {
    expect(graph(jobsOf(rows, subjects(3, true)))).toEqual([
      ["image"],
      ["create", "image"],
      ["create@worker1", "image"],
      ["create@worker2", "image"],
      ["firewall", "create"],
      ["firewall@worker1", "create@worker1"],
      ["firewall@worker2", "create@worker2"],
      ["api-server", "firewall"],
      ["kubelet", "api-server"],
      ["kubelet@worker1", "firewall@worker1"],
      ["kubelet@worker2", "firewall@worker2"],
      ["ready", "kubelet", "kubelet@worker1", "kubelet@worker2"],
    ]);
  });

  it("passes on a further wait with the condition bound to the node, as ids of that node", () => {
    const also = { after: [create, image], when: ({ role }: Node) => role === "worker" };
    const withAlso = rows.map((row) => (row.step === kubelet ? ({ ...row, also } as typeof row) : row));
    const kubelets = jobsOf(withAlso, subjects(2)).filter(({ id }) => id.startsWith("kubelet"));
    expect(kubelets.map((job) => [job.id, job.also?.after, job.also?.when()])).toEqual([
      ["kubelet", ["create", "image"], false],
      ["kubelet@worker1", ["create@worker1", "image"], true],
    ]);
  });

  it("runs each step with its own state", async () => {
    const those = subjects(2);
    await runJobs(jobsOf(rows, those), options);
    const { did } = those.cluster;
    expect(did[0]).toBe("image");
    expect(did.slice(1, 3).sort()).toEqual(["create one", "create worker1"]);
    expect(did.at(-1)).toBe("ready");
    expect(did).toContain("api-server one");
    expect(did).not.toContain("api-server worker1");
  });

  it("plans what applies, each sentence once", async () => {
    expect(await planOf(rows, subjects(1))).toEqual([
      "do image",
      "do create on one",
      "do api-server on one",
      "do kubelet on one",
      "do ready",
    ]);
    const same = { ...create, plan: () => ["create a machine"] };
    expect(await planOf<Cluster, Cluster, Node, Node>([{ per: "node", step: same }], subjects(3))).toEqual([
      "create a machine",
    ]);
  });

  it("refuses to wait for a step that stands later or nowhere", () => {
    const wrong: typeof rows = [
      { per: "node", step: create, after: [image] },
      { per: "cluster", step: image },
    ];
    expect(() => jobsOf(wrong, subjects(1))).toThrow(/create stands before image/);
  });
});

describe("undoing a recipe", () => {
  it("goes backwards, one after the other, on every node", async () => {
    const those = subjects(2);
    const jobs = undoJobsOf(rows, those, 1000);
    expect(graph(jobs)).toEqual([["ready"], ["create@worker1", "ready"], ["create", "create@worker1"]]);
    expect(jobs.map(({ title }) => title)).toEqual(["Undoing ready", "Undoing create", "Undoing create"]);
    await runJobs(jobs, options);
    expect(those.cluster.did).toEqual(["undo ready", "undo create worker1", "undo create one"]);
  });

  it("stops at the first that cannot, so that a second call goes on there", async () => {
    const stuck = forNode("create", ({ name }) =>
      Promise.reject(new LocalkubeError("DRIVER_LEFTOVERS", { driver: "d", name })),
    );
    const those = subjects(1);
    const jobs = undoJobsOf<Cluster, Cluster, Node, Node>(
      [
        { per: "cluster", step: forCluster("first", true) },
        { per: "node", step: stuck },
        { per: "cluster", step: ready },
      ],
      those,
      1000,
    );
    await expect(runJobs(jobs, options)).rejects.toMatchObject({ id: "DRIVER_LEFTOVERS", step: "create" });
    expect(those.cluster.did).toEqual(["undo ready"]);
  });
});
