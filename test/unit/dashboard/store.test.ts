import { expect, test } from "vitest";
import { Store } from "../../../src/dashboard/page/store.ts";
import type { Change, PodRow } from "../../../src/dashboard/rows.ts";

const pod = (name: string, state: string, tone: PodRow["tone"]): PodRow => ({
  ...{
    namespace: "web",
    name,
    node: "demo",
    state,
    tone,
    ready: "0/1",
    restarts: 0,
    since: 0,
    containers: [],
  },
});
const change = (part: Change["part"], id: string, row: Change["row"]): Change => ({
  cluster: "demo",
  part,
  id,
  row,
});

test("what comes after hello is added to it, and another hello begins anew", () => {
  let drawn = 0;
  const store = new Store(() => drawn++);
  expect(store.write).toBeUndefined();
  store.hello({ write: true, changes: [change("cluster", "demo", { state: "starting" })] });
  store.change([
    change("pod", "1", pod("a", "Running", "good")),
    change("cluster", "demo", { state: "running" }),
  ]);
  expect(store.clusters()).toEqual(["demo"]);
  expect(store.one("demo", "pod", "1")?.name).toBe("a");
  store.change([change("pod", "1", null)]);
  expect(store.rows("demo", "pod").size).toBe(0);
  store.lost();
  expect(store.live).toBe(false);
  store.hello({ write: false, changes: [] });
  expect([store.clusters(), store.live, store.write, drawn]).toEqual([[], true, false, 5]);
});

test("what is read out is what somebody wants to know, not each pod that starts", () => {
  const store = new Store(() => undefined);
  store.hello({ write: true, changes: [change("cluster", "demo", { state: "running" })] });
  const news = (part: Change["part"], id: string, row: Change["row"]): string => {
    store.change([change(part, id, row)]);
    return store.news;
  };
  expect(news("cluster", "demo", { state: "running", driver: "podman" })).toBe("");
  expect(news("pod", "1", pod("a", "ContainerCreating", "busy"))).toBe("");
  expect(news("pod", "1", pod("a", "CrashLoopBackOff", "bad"))).toBe("a: CrashLoopBackOff");
  expect(news("work", "metrics", { on: true, state: "running", text: "Enabling" })).toBe(
    "a: CrashLoopBackOff",
  );
  expect(news("work", "metrics", { on: true, state: "done", text: "Enabled" })).toBe("metrics: Enabled");
  expect(news("cluster", "demo", { state: "stopped" })).toBe("demo is stopped");
  expect(news("cluster", "demo", null)).toBe("demo is gone");
});
