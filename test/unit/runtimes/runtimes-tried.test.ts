import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import tried from "../../../docs/runtimes-tried.json" with { type: "json" };
import { runtimeByName, runtimes } from "../../../src/runtimes/registry.ts";

interface Trial {
  readonly runtime: string;
  readonly minors: readonly number[];
  readonly cgroups: number;
  readonly server: string;
  /** A test that starts such a cluster, or the day on which somebody did. */
  readonly test?: string;
  readonly on?: string;
}

const root = join(import.meta.dirname, "../../..");

/** What the documentation says was tried has to be so: the minors of tests are those that Debian's artifacts have. */
describe.each(tried as readonly Trial[])("$runtime on cgroups $cgroups", (trial) => {
  test("is a runtime that goes with these minors", () => {
    for (const minor of trial.minors) expect(runtimeByName(trial.runtime).at(minor)).toBeDefined();
    expect([1, 2]).toContain(trial.cgroups);
    expect(trial.server).toMatch(/^[\w-]+ \d+\.\d+/);
  });

  test("was started by a test there is, or on a day", async () => {
    if (trial.test === undefined) {
      expect(trial.on).toMatch(/^20\d\d-\d\d-\d\d$/);
      return;
    }
    expect(trial.minors).toEqual([20]);
    const text = await readFile(join(root, trial.test), "utf8");
    expect(text).toMatch(/"start"/);
    if (trial.runtime !== runtimes[0]?.name) expect(text).toContain(`"${trial.runtime}"`);
  });
});
