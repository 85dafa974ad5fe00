import { expect, test, vi } from "vitest";
import { Board } from "../../../../src/cluster/dashboard/board.ts";
import type { Change, NodeRow } from "../../../../src/dashboard/rows.ts";

const node = (name: string, state = "Ready"): NodeRow => ({
  ...{ name, state, tone: "good", role: "", version: "", runtime: "", system: "", address: "" },
  ...{ cpus: "", memory: "", since: 0 },
});

const idsOf = (changes: readonly Change[]) => changes.map(({ id, row }) => (row ? id : `-${id}`));

test("changes that come together are told together, and what stays the same is not", async () => {
  const board = new Board();
  board.set("demo", "node", "a", node("a"));
  const told: (readonly Change[])[] = [];
  const stop = board.listen((changes) => told.push(changes));
  board.set("demo", "node", "a", node("a"));
  board.replace("demo", "node", new Map([["b", node("b")]]));
  board.set("demo", "node", "b", node("b", "NotReady"));
  await vi.waitFor(() => expect(told.map(idsOf)).toEqual([["-a", "b"]]));
  expect(told[0]?.[1]?.row).toMatchObject({ state: "NotReady" });
  expect(idsOf(board.all())).toEqual(["b"]);
  stop();
  board.clear("demo");
  expect(board.all()).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(told).toHaveLength(1);
});

test("parts of one cluster are taken off, the others stay", () => {
  const board = new Board();
  for (const cluster of ["demo", "other"]) {
    board.set(cluster, "cluster", cluster, { state: "running" });
    board.set(cluster, "node", "a", node("a"));
  }
  board.clear("demo", ["node", "pod"]);
  expect(board.all().map(({ cluster, part }) => `${cluster} ${part}`)).toEqual([
    "demo cluster",
    "other cluster",
    "other node",
  ]);
});

test("who begins to listen is not told what it can see", async () => {
  const board = new Board();
  const first: string[] = [];
  const second: string[] = [];
  board.listen((changes) => first.push(...idsOf(changes)));
  board.set("demo", "node", "a", node("a"));
  board.listen((changes) => second.push(...idsOf(changes)));
  await vi.waitFor(() => expect(first).toEqual(["a"]));
  expect(second).toEqual([]);
  board.close();
});

test("work waits until somebody looks", async () => {
  const board = new Board();
  const seen: string[] = [];
  const stopped = new AbortController();
  const waits = board.watched(new AbortController().signal).then(() => seen.push("watched"));
  const gone = board.watched(stopped.signal);
  stopped.abort(new Error("stopped"));
  await expect(gone).rejects.toThrow("stopped");
  expect(seen).toEqual([]);
  board.listen(() => undefined);
  await waits;
  await board.watched(new AbortController().signal);
  expect(seen).toEqual(["watched"]);
});
