import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startSteps } from "../../src/cluster/start/recipe.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Cells of every table row of the document that begins with `| first |`. */
const rows = read("ARCHITECTURE.md")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("the table of steps is the list of steps", () => {
  const ids = new Set(startSteps.map(({ id }) => `\`${id}\``));
  const documented = rows.filter(([, first = ""]) => ids.has(first)).map(([, id, needs]) => [id, needs]);
  const wanted = startSteps.map(({ id, needs = [] }) => [
    `\`${id}\``,
    needs.map((need) => `\`${need}\``).join(", "),
  ]);
  expect(documented).toEqual(wanted);
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
