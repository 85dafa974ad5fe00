import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { Step } from "../../../src/contract/step.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import type { PipelineEvent } from "../../../src/pipeline/events.ts";
import { orderSteps, runSteps } from "../../../src/pipeline/run-steps.ts";
import { undoSteps } from "../../../src/pipeline/undo-steps.ts";

type Trace = string[];

const step = (id: string, more: Partial<Step<Trace>> = {}): Step<Trace> => ({
  id,
  title: id,
  timeoutMs: 1000,
  apply: (trace) => {
    trace.push(id);
    return Promise.resolve();
  },
  ...more,
});

async function run(steps: readonly Step<Trace>[], signal = new AbortController().signal) {
  const trace: Trace = [];
  const events: PipelineEvent[] = [];
  const ended = runSteps(steps, trace, {
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
    trace,
    events,
    error,
    types: events.map((event) => ("id" in event ? `${event.type} ${event.id}` : event.type)),
  };
}

describe("runSteps", () => {
  it("runs a step after everything it needs, whatever the given order", async () => {
    const { trace, error } = await run([step("c", { needs: ["b"] }), step("b", { needs: ["a"] }), step("a")]);
    expect(error).toBeUndefined();
    expect(trace).toEqual(["a", "b", "c"]);
  });

  it("runs side by side what does not need each other", async () => {
    const both = { now: 0, most: 0 };
    const slow = (id: string) =>
      step(id, {
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
    const { trace, events } = await run([
      step("a", { check: () => Promise.resolve("done") }),
      step("b", { apply: () => Promise.resolve("unchanged") }),
    ]);
    expect(trace).toEqual([]);
    expect(events.filter(({ type }) => type === "step-finished")).toMatchObject([
      { outcome: "unchanged" },
      { outcome: "unchanged" },
    ]);
  });

  it("after a failure aborts what runs, starts nothing more, and rejects with that failure", async () => {
    const seen: unknown[] = [];
    const waiting = step("waiting", {
      apply: (_trace, { signal }) =>
        sleep(5000, undefined, { signal }).catch((error: unknown) => void seen.push(error)),
    });
    const failing = step("failing", {
      apply: () => Promise.reject(new LocalkubeError("DRIVER_START_FAILED", { driver: "d", name: "n" })),
    });
    const { error, trace, types } = await run([waiting, failing, step("after", { needs: ["failing"] })]);
    expect(error).toMatchObject({ id: "DRIVER_START_FAILED", step: "failing" });
    expect(seen).toHaveLength(1);
    expect(trace).toEqual([]);
    expect(types).toContain("step-failed failing");
    expect(types).not.toContain("step-started after");
    expect(types.at(-1)).toBe("run-finished");
  });

  it("ends a step at its deadline with STEP_TIMEOUT", async () => {
    const { error } = await run([
      step("slow", { timeoutMs: 30, apply: (_trace, { signal }) => sleep(5000, undefined, { signal }) }),
    ]);
    expect(error).toMatchObject({ id: "STEP_TIMEOUT", step: "slow" });
  });

  it("rejects with INTERRUPTED when the user interrupts", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    const { error, events } = await run(
      [step("slow", { apply: (_trace, { signal }) => sleep(5000, undefined, { signal }) })],
      abort.signal,
    );
    expect(error).toMatchObject({ id: "INTERRUPTED", exitCode: 130 });
    expect(events.at(-1)).toMatchObject({ type: "run-finished", outcome: "interrupted" });
  });
});

describe("orderSteps", () => {
  it("refuses a circle, an unknown need and a double id", () => {
    expect(() => orderSteps([step("a", { needs: ["b"] }), step("b", { needs: ["a"] })])).toThrow(
      /circle: a -> b -> a/,
    );
    expect(() => orderSteps([step("a", { needs: ["nothing"] })])).toThrow(/needs nothing/);
    expect(() => orderSteps([step("a"), step("a")])).toThrow(/same id/);
  });
});

describe("undoSteps", () => {
  const removable = (id: string, needs: readonly string[] = [], fails = false): Step<Trace> =>
    step(id, {
      needs,
      undo: {
        title: `Removing ${id}`,
        run: (trace) => {
          if (fails) return Promise.reject(new LocalkubeError("DRIVER_LEFTOVERS", { driver: "d", name: id }));
          trace.push(id);
          return Promise.resolve();
        },
      },
    });
  const undo = async (steps: readonly Step<Trace>[]) => {
    const trace: Trace = [];
    const host = hostContext({});
    const { signal } = new AbortController();
    const options = {
      command: "delete",
      profile: "p",
      host,
      signal,
      emit: () => undefined,
      log: () => undefined,
    };
    const error = await undoSteps(steps, trace, options).then(
      () => undefined,
      (problem: unknown) => problem,
    );
    return { trace, error };
  };

  it("takes back in reverse order what can be taken back", async () => {
    const { trace } = await undo([removable("c", ["b"]), step("b", { needs: ["a"] }), removable("a")]);
    expect(trace).toEqual(["c", "a"]);
  });

  it("stops at what cannot be taken back and says so", async () => {
    const { trace, error } = await undo([removable("a"), removable("b", ["a"], true), removable("c", ["b"])]);
    expect(trace).toEqual(["c"]);
    expect(error).toMatchObject({ id: "DRIVER_LEFTOVERS", step: "b" });
  });
});
