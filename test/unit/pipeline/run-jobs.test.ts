import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import type { PipelineEvent } from "../../../src/pipeline/events.ts";
import { type Job, runJobs } from "../../../src/pipeline/run-jobs.ts";

const trace: string[] = [];

const job = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  title: id,
  after: [],
  timeoutMs: 1000,
  apply: () => {
    trace.push(id);
    return Promise.resolve();
  },
  ...more,
});

async function run(jobs: readonly Job[], signal = new AbortController().signal) {
  trace.length = 0;
  const events: PipelineEvent[] = [];
  const ended = runJobs(jobs, {
    command: "test",
    profile: "p",
    host: hostContext({}),
    signal,
    emit: (event) => events.push(event),
    log: () => undefined,
  });
  const error = await ended.then(
    () => undefined,
    (problem: unknown) => problem,
  );
  return {
    trace: [...trace],
    events,
    error,
    types: events.map((event) => ("id" in event ? `${event.type} ${event.id}` : event.type)),
  };
}

describe("runJobs", () => {
  it("runs a job after everything it waits for", async () => {
    const slow = job("a", {
      async apply() {
        await sleep(20);
        trace.push("a");
      },
    });
    const { trace: ran, error } = await run([slow, job("b", { after: ["a"] }), job("c", { after: ["b"] })]);
    expect(error).toBeUndefined();
    expect(ran).toEqual(["a", "b", "c"]);
  });

  it("waits for further jobs when the condition holds once the first are done", async () => {
    for (const emulated of [true, false]) {
      let known: boolean | undefined;
      const facts = job("facts", {
        apply() {
          known = emulated;
          return Promise.resolve();
        },
      });
      const api = job("api", {
        async apply() {
          await sleep(30);
          trace.push("api");
        },
      });
      const also = { after: ["api"], when: () => known! };
      const { trace: ran, error } = await run([facts, api, job("kubelet", { after: ["facts"], also })]);
      expect(error).toBeUndefined();
      expect(ran).toEqual(emulated ? ["api", "kubelet"] : ["kubelet", "api"]);
    }
    const unknown = await run([job("a", { also: { after: ["b"], when: () => false } }), job("b")]);
    expect(String(unknown.error)).toMatch(/step a waits for b, which does not stand before it/);
  });

  it("does not run a job whose further job failed", async () => {
    const also = { after: ["bad"], when: () => true };
    const bad = job("bad", { apply: () => Promise.reject(new Error("no")) });
    const { trace: ran, error } = await run([bad, job("b", { also })]);
    expect([ran, String(error)]).toEqual([[], "Error: no"]);
  });

  it("refuses a job that waits for a later or an unknown one, and two of one id", async () => {
    const late = await run([job("a", { after: ["b"] }), job("b")]);
    expect(String(late.error)).toMatch(/step a waits for b, which does not stand before it/);
    const unknown = await run([job("a", { after: ["nothing"] })]);
    expect(String(unknown.error)).toMatch(/waits for nothing/);
    const double = await run([job("a"), job("a")]);
    expect(String(double.error)).toMatch(/two steps have the id a/);
    expect(double.events).toEqual([]);
  });

  it("runs side by side what does not need each other", async () => {
    const both = { now: 0, most: 0 };
    const slow = (id: string) =>
      job(id, {
        async apply() {
          both.most = Math.max(both.most, ++both.now);
          await sleep(20);
          both.now--;
        },
      });
    await run([slow("a"), slow("b")]);
    expect(both.most).toBe(2);
  });

  it("skips apply when check says done, and tells it", async () => {
    const { trace: ran, events } = await run([
      job("a", { check: () => Promise.resolve("done") }),
      job("b", { apply: () => Promise.resolve("unchanged") }),
    ]);
    expect(ran).toEqual([]);
    expect(events.filter(({ type }) => type === "step-finished")).toMatchObject([
      { outcome: "unchanged" },
      { outcome: "unchanged" },
    ]);
  });

  it("after a failure aborts what runs, starts nothing more, and rejects with that failure", async () => {
    const seen: unknown[] = [];
    const waiting = job("waiting", {
      apply: ({ signal }) =>
        sleep(5000, undefined, { signal }).catch((error: unknown) => void seen.push(error)),
    });
    const failing = job("failing", {
      apply: () => Promise.reject(new LocalkubeError("DRIVER_START_FAILED", { driver: "d", name: "n" })),
    });
    const { error, trace: ran, types } = await run([waiting, failing, job("after", { after: ["failing"] })]);
    expect(error).toMatchObject({ id: "DRIVER_START_FAILED", step: "failing" });
    expect(seen).toHaveLength(1);
    expect(ran).toEqual([]);
    expect(types).toContain("step-failed failing");
    expect(types).not.toContain("step-started after");
    expect(types.at(-1)).toBe("run-finished");
  });

  it("ends a step at its deadline with STEP_TIMEOUT", async () => {
    const { error } = await run([
      job("slow", { timeoutMs: 30, apply: ({ signal }) => sleep(5000, undefined, { signal }) }),
    ]);
    expect(error).toMatchObject({ id: "STEP_TIMEOUT", step: "slow" });
  });

  it("rejects with INTERRUPTED when the user interrupts", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    const { error, events } = await run(
      [job("slow", { apply: ({ signal }) => sleep(5000, undefined, { signal }) })],
      abort.signal,
    );
    expect(error).toMatchObject({ id: "INTERRUPTED", exitCode: 130 });
    expect(events.at(-1)).toMatchObject({ type: "run-finished", outcome: "interrupted" });
  });
});
