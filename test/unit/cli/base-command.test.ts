import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "@oclif/core";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BaseCommand } from "../../../src/cli/base-command.ts";

let heard:
  { flags: Record<string, unknown>; args: object; words: readonly string[]; sources: object } | undefined;

class Probe extends BaseCommand<typeof Probe> {
  static override strict = false;
  static override flags = { level: Flags.integer({ default: 1 }), tag: Flags.string({ multiple: true }) };
  static override args = { first: Args.string({}) };
  override run(): Promise<void> {
    const { flags, args, words, sources } = this;
    heard = { flags: { ...flags }, args, words, sources };
    return Promise.resolve();
  }
}

const config = {
  bin: "localkube",
  scopedEnvVarKeys: () => [],
  runHook: () => Promise.resolve({ successes: [], failures: [] }),
} as unknown as Config;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "localkube-base-"));
  vi.stubEnv("LOCALKUBE_HOME", home);
  heard = undefined;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

test("flags, environment and defaults come with their sources", async () => {
  vi.stubEnv("LOCALKUBE_PROFILE", "two");
  await Probe.run(["--level", "3"], config);
  expect(heard?.flags).toEqual({ profile: "two", output: "text", verbose: false, level: 3 });
  expect(heard?.sources).toEqual({
    profile: "env",
    output: "default",
    verbose: "default",
    level: "flag",
    tag: "default",
  });
});

test("words keep their order, also those that come twice, look like flags or stand after --", async () => {
  await Probe.run(["a", "--level", "2", "--", "b", "a", "--level", "-n", "a", "--", "b"], config);
  expect(heard?.words).toEqual(["a", "b", "a", "--level", "-n", "a", "--", "b"]);
  expect(heard?.args).toEqual({ first: "a" });
  expect(heard?.flags["level"]).toBe(2);
});

test("signals are given back when the command has ended", async () => {
  const before = process.listenerCount("SIGINT");
  await Probe.run([], config);
  expect(process.listenerCount("SIGINT")).toBe(before);
});
