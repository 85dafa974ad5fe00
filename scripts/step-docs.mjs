// Writes the table of start's steps in ARCHITECTURE.md from the recipe. With --check it only compares.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { recipe } from "../src/cluster/start/recipe.ts";
import { generatedSection } from "./generated-section.mjs";

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

await generatedSection(target, marks, table, "ARCHITECTURE.md's table of steps is not what the recipe says");
