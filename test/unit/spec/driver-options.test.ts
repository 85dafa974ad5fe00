import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { DriverOption } from "../../../src/contract/driver-option.ts";
import { assertChangeable, diffSpec } from "../../../src/spec/diff-spec.ts";
import { resolveSpec, type SpecSources } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

const table: Readonly<Record<string, readonly DriverOption[]>> = {
  one: [
    { name: "one-host", summary: "", change: "recreate" },
    { name: "one-key", summary: "", file: true, change: "client" },
    { name: "one-force", summary: "", boolean: true, change: "client" },
  ],
  two: [{ name: "two-port", summary: "", change: "recreate" }],
};
const surroundings = surroundingsOf({ drivers: ["one", "two"], driverOptions: table });
const spec = (sources: SpecSources) => resolveSpec(sources, surroundings);
const code = (id: string) => expect.objectContaining({ id }) as Error;

test("options of the chosen driver are kept as texts, paths absolute", () => {
  const driverOptions = { "one-host": "a", "one-key": "k", "one-force": true };
  expect(spec({ flags: { driver: "one", driverOptions } }).driverOptions).toEqual({
    "one-force": "true",
    "one-host": "a",
    "one-key": resolve("k"),
  });
});

test("each option is merged by itself: flags over file over cluster over settings", () => {
  const existing = spec({ flags: { driver: "one", driverOptions: { "one-host": "a", "one-key": "/k" } } });
  const wanted = spec({
    settings: { driverOptions: { "one-force": "true", "one-key": "/settings" } },
    existing,
    file: { driverOptions: { "one-key": "/file" } },
    flags: { driverOptions: { "one-key": "/flag" } },
  });
  expect(wanted.driverOptions).toEqual({ "one-force": "true", "one-host": "a", "one-key": "/flag" });
});

test.each([["two"], ["auto"]])(
  "one of another driver than %s is refused, but settings hold for many",
  (driver) => {
    const driverOptions = { "one-host": "a" };
    expect(() => spec({ flags: { driver, driverOptions } })).toThrow(code("DRIVER_OPTION_FOREIGN"));
    expect(spec({ settings: { driverOptions }, flags: { driver } }).driverOptions).toEqual({});
  },
);

test("one that nobody has is refused with the nearest", () => {
  expect(() => spec({ file: { driver: "one", driverOptions: { "one-hots": "a" } } })).toThrow(
    expect.objectContaining({
      id: "DRIVER_OPTION_UNKNOWN",
      message: expect.stringContaining("'one-host'") as string,
    }) as Error,
  );
});

test("each option says itself whether a cluster that exists can take another value", () => {
  const old = spec({ flags: { driver: "one", driverOptions: { "one-host": "a" } } });
  const settled = {
    driver: "one",
    runtime: "containerd",
    kubernetesVersion: "v1.36.2",
    artifacts: "debian",
  };
  const changes = (driverOptions: Record<string, string>) =>
    diffSpec(old, spec({ existing: old, flags: { driverOptions } }), settled, table["one"]);
  expect(changes({})).toEqual([]);
  assertChangeable("demo", changes({ "one-key": "/k" }), { resize: false });
  expect(() => assertChangeable("demo", changes({ "one-host": "b" }), { resize: false })).toThrow(
    expect.objectContaining({
      id: "CHANGE_NEEDS_RECREATE",
      message: expect.stringContaining("one-host") as string,
    }) as Error,
  );
});
