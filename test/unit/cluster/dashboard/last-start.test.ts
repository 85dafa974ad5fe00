import { expect, test } from "vitest";
import { lastStart } from "../../../../src/cluster/dashboard/last-start.ts";

const begin = (at: number, command = "start") => ({
  type: "run-started",
  at,
  command,
  profile: "demo",
  steps: [],
});
const started = (at: number, id: string) => ({ type: "step-started", at, id, title: `Doing ${id}` });
const finished = (at: number, id: string, durationMs: number) => ({
  ...{ type: "step-finished", at, id, outcome: "done", durationMs },
});
const end = (at: number, durationMs: number) => ({ type: "run-finished", at, durationMs, outcome: "done" });
const journal = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

const whole = [begin(1000), started(1010, "a"), finished(1110, "a", 100), end(1200, 200)];

test("the last start is shown, and nothing of what came before it", () => {
  const text = journal(begin(1), started(2, "old"), finished(3, "old", 1), end(4, 3), ...whole);
  expect(lastStart(text, false)).toEqual({
    ...{ at: 1000, durationMs: 200, outcome: "done" },
    bars: [{ id: "a", title: "Doing a", startMs: 10, durationMs: 100, outcome: "done" }],
  });
});

test("one that goes on has open steps; the same journal without anybody at work is of one that was killed", () => {
  const text = journal(begin(1000), started(1010, "a"), finished(1110, "a", 100), started(1020, "b"));
  expect(lastStart(text, true)).toMatchObject({
    outcome: "running",
    bars: [{ id: "a" }, { id: "b", startMs: 20, outcome: "running" }],
  });
  expect(lastStart(text, false)).toMatchObject({
    outcome: "interrupted",
    bars: [{ id: "a" }, { id: "b", outcome: "interrupted" }],
  });
});

test("without a start there is none, and a line that was cut off hurts nobody", () => {
  expect(lastStart("", true)).toBeUndefined();
  expect(lastStart(journal(begin(1, "other")), true)).toBeUndefined();
  expect(lastStart(`${journal(...whole)}{"type":"run-st`, false)).toMatchObject({ outcome: "done" });
});
