import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { journalLines } from "../../../../src/cluster/logs/journal.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { journal } from "../../../../src/pipeline/journal.ts";

/** What the pipeline's own journal makes of two runs. */
function journalOfTwoRuns(): string {
  const folder = mkdtempSync(join(tmpdir(), "localkube-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "journal.jsonl");
  const at = Date.UTC(2026, 0, 2, 3, 4, 5);
  const write = journal(file);
  const steps = [{ id: "images", title: "Loading images" }];
  write({ type: "run-started", at: at - 9000, command: "start", profile: "one", steps });
  write({ type: "run-finished", at: at - 8000, durationMs: 1000, outcome: "done" });
  write({ type: "run-started", at, command: "start", profile: "one", steps });
  write({ type: "notice", at, level: "warning", text: "slow disk" });
  write({ type: "step-started", at, id: "images", title: "Loading images" });
  write({ type: "step-progress", at, id: "images", progress: { done: 1 } });
  const error = new LocalkubeError("IMAGE_UNKNOWN", { ref: "x", hint: "" });
  write({ type: "step-failed", at: at + 1500, id: "images", durationMs: 1500, error });
  write({ type: "run-finished", at: at + 1500, durationMs: 1500, outcome: "failed" });
  return readFileSync(file, "utf8");
}

test("the last run is told in sentences, with its failure", () => {
  expect(journalLines(journalOfTwoRuns())).toEqual([
    "2026-01-02T03:04:05.000Z localkube start begins",
    "2026-01-02T03:04:05.000Z warning: slow disk",
    "2026-01-02T03:04:05.000Z Loading images …",
    "2026-01-02T03:04:06.500Z Loading images: failed (1.5 s): IMAGE_UNKNOWN: The machine has no image x",
    "2026-01-02T03:04:06.500Z localkube ends: failed (1.5 s)",
  ]);
});

test("a torn last line and an absent journal are no trouble", () => {
  const torn = journalOfTwoRuns().slice(0, -20);
  expect(journalLines(torn)).toHaveLength(4);
  expect(journalLines("")).toEqual([]);
});
