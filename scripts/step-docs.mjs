// Writes the table of start's steps in ARCHITECTURE.md from the recipe. With --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as prettier from "prettier";
import { recipe } from "../src/cluster/start/recipe.ts";

const target = join(dirname(fileURLToPath(import.meta.url)), "../ARCHITECTURE.md");
const marks = { begin: "<!-- steps: made by npm run snapshot -->", end: "<!-- end of steps -->" };

const code = (text) => `\`${text}\``;
const words = (name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const ids = (steps) => steps.map(({ id }) => code(id)).join(", ");
const rows = recipe.map(({ step, per, after = [], also, when }) => {
  const cells = [
    code(step.id),
    per === "node" ? "each node" : "the cluster",
    also ? `${ids(after)}; if ${words(also.when.name)}: ${ids(also.after)}` : ids(after),
    when ? words(when.name) : "always",
    step.title,
  ];
  return `| ${cells.join(" | ")} |`;
});
const table = [
  "| id | runs for | waits for | applies when | what a user sees |",
  "| --- | --- | --- | --- | --- |",
  ...rows,
];

const text = await readFile(target, "utf8");
const [before, rest = ""] = text.split(marks.begin);
const [, after] = rest.split(marks.end);
if (after === undefined) throw new Error(`ARCHITECTURE.md lacks ${marks.begin} or ${marks.end}`);
const options = { ...(await prettier.resolveConfig(target)), parser: "markdown" };
const wanted = await prettier.format(
  [before, marks.begin, "\n\n", table.join("\n"), "\n\n", marks.end, after].join(""),
  options,
);
if (!process.argv.includes("--check")) await writeFile(target, wanted);
else if (text !== wanted) {
  console.error(
    "ARCHITECTURE.md's table of steps is not what the recipe says: run npm run snapshot and review the difference",
  );
  process.exitCode = 1;
}
