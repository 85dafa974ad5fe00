import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTimeline } from "../../../../src/output/timeline/open-timeline.ts";

describe("openTimeline", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "localkube-timeline-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(name: string): Promise<string> {
    const file = join(folder, name);
    const timeline = await openTimeline(file);
    timeline.record({ type: "run-started", at: 1000, command: "start", profile: "p", steps: [] });
    timeline.record({ type: "step-started", at: 1100, id: "b", title: "Second <b>" });
    timeline.record({ type: "step-started", at: 1000, id: "a", title: "First & only" });
    timeline.record({ type: "step-finished", at: 1500, id: "a", outcome: "done", durationMs: 500 });
    timeline.record({ type: "step-failed", at: 3100, id: "b", durationMs: 2000, error: new Error("x") });
    await timeline.save();
    return readFile(file, "utf8");
  }

  it("writes the bars in the order of their starts, in milliseconds from the run's start", async () => {
    expect(JSON.parse(await write("t.json"))).toEqual([
      { id: "a", title: "First & only", startMs: 0, durationMs: 500, outcome: "done" },
      { id: "b", title: "Second <b>", startMs: 100, durationMs: 2000, outcome: "failed" },
    ]);
  });

  it("draws one bar a step, with its seconds, and escapes titles", async () => {
    const svg = await write("t.svg");
    expect(svg).toMatch(/^<svg /);
    expect(svg.match(/<rect x=/g)).toHaveLength(2);
    expect(svg).toContain("Second &lt;b>");
    expect(svg).toContain("First &amp; only");
    expect(svg).toContain("2.00 s");
    expect(await write("t.html")).toContain("<!doctype html>");
  });
});
