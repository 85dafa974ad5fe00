import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recipe } from "../../src/cluster/start/recipe.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Cells of every table row of the document that begins with `| first |`. */
const rows = read("ARCHITECTURE.md")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("each step of start has a file that is named by its id", () => {
  const files = readdirSync(join(root, "src/cluster/start/steps")).sort();
  expect(files).toEqual(recipe.map(({ step }) => `${step.id}.ts`).sort());
});

test("every dependency stands in the table with its locked version", () => {
  const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, { version: string }>;
  };
  const names = ["dependencies", "optionalDependencies", "devDependencies"].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  const documented = rows.filter(([, , version = ""]) => /^\d+\.\d+\.\d+$/.test(version));
  expect(names.length).toBeGreaterThan(20);
  expect(documented.map(([, name, version]) => `${name} ${version}`)).toEqual(
    names.map((name) => `${name} ${packages[`node_modules/${name}`]?.version}`),
  );
});
