import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin, PluginBuild } from "esbuild";
import { expect, it } from "vitest";

/** A script that every Node.js can run as it stands has no types. */
const script: string = "../../../scripts/lean-oclif.mjs";
const { leanOclif, makeLazy } = (await import(script)) as {
  leanOclif: Plugin;
  makeLazy(source: string, file: string): string;
};

const oclif = dirname(createRequire(import.meta.url).resolve("@oclif/core/package.json"));
const source = (file: string) => readFile(join(oclif, "lib", file), "utf8");

it("makes a file of oclif require its neighbours on first use", async () => {
  const lazy = makeLazy(await source("screen.js"), "screen.js");
  expect(lazy).toContain(
    'let $settings_1; const $get_settings_1 = () => $settings_1 ??= require("./settings");',
  );
  expect(lazy).toContain("($get_settings_1()).settings.columns");
  expect(lazy).not.toMatch(/(?<![.\w$])settings_1\b/);
});

it.each([
  ["an import with another keyword", /^const settings_1 =/m, "let settings_1 ="],
  ["an import without a name", /^const settings_1 =/m, 'require("./flush");\nconst settings_1 ='],
  [
    "an import that is passed on as a whole",
    /^exports\.stdtermwidth =/m,
    "use(settings_1);\nexports.stdtermwidth =",
  ],
])("refuses %s, and names the file and where to look", async (_, pattern, replacement) => {
  const before = await source("screen.js");
  const altered = before.replace(pattern, replacement);
  expect(altered).not.toBe(before);
  expect(() => makeLazy(altered, "screen.js")).toThrow(
    /^lib\/screen\.js of @oclif\/core requires \S+ at once, not nothing: look at .*scripts\/lean-oclif\.mjs$/,
  );
});

it("refuses a file that lacks what it was known to require at once", async () => {
  const altered = (await source("ux/list.js")).replace("require('wordwrap')", "undefined");
  expect(() => makeLazy(altered, "ux/list.js")).toThrow("requires nothing at once, not wordwrap");
});

/** What the plugin wants to be called with at the start and at the end of a build. */
function hooks() {
  const found: { start?: Parameters<PluginBuild["onStart"]>[0]; end?: Parameters<PluginBuild["onEnd"]>[0] } =
    {};
  const ignore = () => undefined;
  void leanOclif.setup({
    onStart: (hook) => (found.start = hook),
    onEnd: (hook) => (found.end = hook),
    onLoad: ignore,
    onResolve: ignore,
  } as Partial<PluginBuild> as PluginBuild);
  return found;
}

it("fails the build when oclif no longer loads what is left out of it", () => {
  const result = (errors: readonly object[]) =>
    ({ errors }) as Parameters<Parameters<PluginBuild["onEnd"]>[0]>[0];
  expect(() => hooks().end?.(result([]))).toThrow(/oclif no longer loads tinyglobby, .*debug/);
  expect(() => hooks().end?.(result([{ text: "another one" }]))).not.toThrow();
});

it("knows the release that package.json pins", async () => {
  const root = join(import.meta.dirname, "../../..");
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const { version } = createRequire(import.meta.url)("@oclif/core/package.json") as { version: string };
  expect(dependencies["@oclif/core"]).toBe(version);
  expect(() => hooks().start?.()).not.toThrow();
});
