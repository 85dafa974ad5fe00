import { CLIError } from "@oclif/core/errors";
import * as Flags from "@oclif/core/flags";
import * as Parser from "@oclif/core/parser";
import { describe, expect, test } from "vitest";
import { environmentName } from "../../../src/cli/environment-name.ts";
import { flagsFromEnvironment, type ValueSource } from "../../../src/cli/flags-from-environment.ts";

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
  const wrapped = flagsFromEnvironment(flags, {
    env,
    settings,
    onSource: (flag, source) => (sources[flag] = source),
  });
  const parsed = await Parser.parse(argv, { flags: wrapped });
  return { flags: parsed.flags as Record<string, unknown>, sources };
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
  [{ LOCALKUBE_YES: "sure" }, {}, "true or false", "LOCALKUBE_YES"],
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
