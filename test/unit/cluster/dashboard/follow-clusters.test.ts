import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Board } from "../../../../src/cluster/dashboard/board.ts";
import { followClusters } from "../../../../src/cluster/dashboard/follow-clusters.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import type { Change, Part } from "../../../../src/dashboard/rows.ts";
import { clusterPaths } from "../../../../src/state/paths.ts";
import { loadCluster, removeCluster } from "../../../../src/state/store.ts";
import { storeCluster } from "../../../cli/stored-cluster.ts";

let home: string;
let host: HostContext;
let board: Board;
const soon = { timeout: 8000 };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "localkube-clusters-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  host = {
    env: {},
    stateDir: join(home, "state"),
    cacheDir: join(home, "cache"),
    isRoot: false,
  } as HostContext;
  board = new Board();
  const over = new AbortController();
  const quiet = { host, signal: over.signal, emit: () => undefined, log: () => undefined };
  const { ended, apiOf } = followClusters(board, quiet);
  onTestFinished(async () => {
    over.abort();
    await ended;
    board.close();
  });
  expect(apiOf("demo")).toBeUndefined();
});

const rowsOf = (part: Part): readonly (readonly [string, Change["row"]])[] =>
  board.all().flatMap((change) => (change.part === part ? [[change.cluster, change.row] as const] : []));

test("a cluster appears, changes and goes as its record does", { timeout: 20_000 }, async () => {
  await storeCluster(home, "demo");
  const shown = {
    driver: "podman",
    runtime: "containerd",
    kubernetesVersion: "v1.20.2",
    artifacts: "debian",
  };
  await vi.waitFor(() => expect(rowsOf("cluster")).toEqual([["demo", { state: "stopped", ...shown }]]), soon);
  await storeCluster(home, "demo", { phase: "deleting" });
  await storeCluster(home, "other", { phase: "creating" });
  await vi.waitFor(() => {
    const states = rowsOf("cluster").map(([name, row]) => [name, (row as { state: string }).state]);
    expect(states).toEqual([
      ["demo", "deleting"],
      ["other", "starting"],
    ]);
  }, soon);
  await removeCluster(host, "demo");
  await vi.waitFor(() => expect(rowsOf("cluster").map(([name]) => name)).toEqual(["other"]), soon);
});

test(
  "one whose record cannot be read is shown with why, and hides no other",
  { timeout: 20_000 },
  async () => {
    await storeCluster(home, "demo");
    const { record } = clusterPaths(host, "bad");
    await mkdir(dirname(record), { recursive: true });
    await writeFile(record, "{");
    await vi.waitFor(() => {
      const rows = new Map(rowsOf("cluster"));
      expect(rows.get("bad")).toMatchObject({
        state: "unreadable",
        problem: expect.stringContaining("is not JSON") as string,
      });
      expect(rows.get("demo")).toMatchObject({ state: "stopped" });
    }, soon);
    await rm(dirname(record), { recursive: true });
    await vi.waitFor(() => expect(rowsOf("cluster").map(([name]) => name)).toEqual(["demo"]), soon);
  },
);

test(
  "addons are looked at when somebody looks at the page, and its last start is read from the journal",
  { timeout: 20_000 },
  async () => {
    await storeCluster(home, "demo");
    const { journal } = clusterPaths(host, "demo");
    await writeFile(
      journal,
      '{"type":"run-started","at":1000,"command":"start","profile":"demo","steps":[]}\n',
    );
    await vi.waitFor(
      () => expect(rowsOf("start")).toMatchObject([["demo", { outcome: "interrupted" }]]),
      soon,
    );
    expect(rowsOf("addon")).toEqual([]);
    board.listen(() => undefined);
    await vi.waitFor(() => expect(rowsOf("addon").length).toBeGreaterThan(5), soon);
    expect(board.get("demo", "addon", "dns")).toMatchObject({ always: true });
    await storeCluster(home, "demo", {
      formerAddons: {},
      spec: { ...(await specOf("demo")), addons: { metrics: {} } },
    });
    await vi.waitFor(
      () => expect(board.get("demo", "addon", "metrics")).toMatchObject({ state: "enabled" }),
      soon,
    );
  },
);

async function specOf(name: string) {
  return (await loadCluster(host, name))!.spec;
}
