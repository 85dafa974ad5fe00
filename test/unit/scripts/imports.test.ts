import { glob } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

// Scripts in plain JavaScript are not type-checked, and some run only by hand: they would not notice what they import is gone.
test("every script finds what it imports", async () => {
  const entryPoints: string[] = [];
  for await (const file of glob("scripts/**/*.{mjs,ts}", { cwd: root })) entryPoints.push(file);
  expect(entryPoints).toContain("scripts/bench.mjs");
  const bundled = build({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    write: false,
    outdir: join(root, "nothing-is-written"),
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "silent",
  });
  await expect(bundled).resolves.toMatchObject({ errors: [] });
});
