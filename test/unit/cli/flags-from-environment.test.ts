import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLIError } from "@oclif/core/errors";
import * as Flags from "@oclif/core/flags";
import * as Parser from "@oclif/core/parser";
import { describe, expect, test } from "vitest";
import { environmentName } from "../../../src/cli/flags-from-environment.ts";
import {
  commandLineOnly,
  flagsFromEnvironment,
  type ValueSource,
} from "../../../src/cli/flags-from-environment.ts";

const flags = {
  driver: Flags.string({ options: ["auto", "podman"], default: "auto" }),
  cpus: Flags.integer({ min: 1 }),
  "wait-timeout": Flags.string({ default: () => Promise.resolve("6m") }),
  "extra-config": Flags.string({ multiple: true }),
  wait: Flags.string({ multiple: true, delimiter: "," }),
  "keep-context": Flags.boolean({ allowNo: true }),
  yes: Flags.boolean({ char: "y", default: false }),
};

async function parse(
  argv: string[],
  env: Record<string, string> = {},
  settings: Record<string, string> = {},
) {
  const sources: Record<string, ValueSource> = {};
  const ignored: [string, string][] = [];
  const wrapped = flagsFromEnvironment(flags, {
    env,
    settings,
    onIgnored: (flag, origin) => ignored.push([flag, origin]),
    onSource: (flag, source) => (sources[flag] = source),
  });
  const parsed = await Parser.parse(argv, { flags: wrapped });
  return { flags: parsed.flags as Record<string, unknown>, sources, ignored };
}

test("every flag has a variable", () => {
  expect(Object.keys(flags).map(environmentName)).toContain("LOCALKUBE_WAIT_TIMEOUT");
});

test("without anything the defaults hold, computed ones too", async () => {
  const parsed = await parse([]);
  expect(parsed.flags).toEqual({ driver: "auto", "wait-timeout": "6m", yes: false });
  expect(new Set(Object.values(parsed.sources))).toEqual(new Set(["default"]));
});

test("flag > variable > setting > default", async () => {
  const env = { LOCALKUBE_DRIVER: "podman" };
  const settings = { driver: "auto", cpus: "3" };
  expect((await parse(["--driver", "auto"], env, settings)).flags).toMatchObject({ driver: "auto", cpus: 3 });
  const { flags: values, sources } = await parse([], env, settings);
  expect(values).toMatchObject({ driver: "podman", cpus: 3 });
  expect(sources).toMatchObject({ driver: "env", cpus: "settings", yes: "default" });
});

test("an empty variable is none", async () => {
  expect((await parse([], { LOCALKUBE_DRIVER: "" })).sources["driver"]).toBe("default");
});

describe("repeatable flags", () => {
  test.each([
    ["kubelet.max-pods=50 apiserver.v=2", ["kubelet.max-pods=50", "apiserver.v=2"]],
    ["kubelet.a=b c\napiserver.v=2\n", ["kubelet.a=b c", "apiserver.v=2"]],
    ["kubelet.a=b,c", ["kubelet.a=b,c"]],
  ])("%j", async (text, values) => {
    expect((await parse([], { LOCALKUBE_EXTRA_CONFIG: text })).flags["extra-config"]).toEqual(values);
  });

  test("use their own delimiter when they have one", async () => {
    expect((await parse([], {}, { wait: "apiserver, node" })).flags["wait"]).toEqual(["apiserver", "node"]);
  });
});

test.each([
  ["1", true],
  ["TRUE", true],
  ["yes", true],
  ["off", false],
  ["0", false],
])("a switch understands %s", async (text, value) => {
  expect((await parse([], { LOCALKUBE_KEEP_CONTEXT: text })).flags["keep-context"]).toBe(value);
});

test("--no-keep-context goes before the variable", async () => {
  const { flags: values } = await parse(["--no-keep-context"], { LOCALKUBE_KEEP_CONTEXT: "1" });
  expect(values["keep-context"]).toBe(false);
});

test.each([
  [{ LOCALKUBE_DRIVER: "vbox" }, {}, "auto, podman", "Change or unset LOCALKUBE_DRIVER"],
  [{ LOCALKUBE_CPUS: "many" }, {}, "Expected an integer", "LOCALKUBE_CPUS"],
  [{ LOCALKUBE_KEEP_CONTEXT: "sure" }, {}, "true or false", "LOCALKUBE_KEEP_CONTEXT"],
  [{}, { cpus: "0" }, "greater than or equal to 1", "localkube config unset cpus"],
])("a value that is not allowed is refused with its place: %j %j", async (env, settings, problem, remedy) => {
  const failure = await parse([], env as Record<string, string>, settings as Record<string, string>).catch(
    (e: unknown) => e,
  );
  expect(failure).not.toBeInstanceOf(CLIError);
  expect(failure).toMatchObject({ id: "USAGE_BAD_SETTING", exitCode: 2 });
  expect((failure as Error).message).toContain(problem);
  expect((failure as { fix: string }).fix).toContain(remedy);
});

test.each([
  [{ LOCALKUBE_YES: "1" }, {}, "LOCALKUBE_YES"],
  [{}, { yes: "true" }, "the setting yes"],
])("what confirms counts only on the command line: %j %j", async (env, settings, origin) => {
  const parsed = await parse([], env, settings);
  expect(parsed.flags["yes"]).toBe(false);
  expect(parsed.sources["yes"]).toBe("default");
  expect(parsed.ignored).toEqual([["yes", origin]]);
  expect((await parse(["-y"], env as Record<string, string>)).flags["yes"]).toBe(true);
});

/** Flags of several commands: a variable or a setting of that name must mean the same for all of them. */
const sameEverywhere = [
  "addons",
  "artifacts",
  "atomic",
  "dry-run",
  "kubernetes-version",
  "mirror",
  "node",
  "output",
  "profile",
  "verbose",
  "wait-timeout",
];

test("no other name stands for flags of different commands", () => {
  const commands = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../cli/command-snapshot.json"), "utf8"),
  ) as Record<string, { flags?: Record<string, unknown> }>;
  const uses = new Map<string, number>();
  for (const { flags: own = {} } of Object.values(commands))
    for (const name of Object.keys(own)) uses.set(name, (uses.get(name) ?? 0) + 1);
  expect(uses.size).toBeGreaterThan(40);
  const shared = [...uses].filter(([, count]) => count > 1).map(([name]) => name);
  expect(shared.filter((name) => !commandLineOnly.has(name)).sort()).toEqual(sameEverywhere);
});
