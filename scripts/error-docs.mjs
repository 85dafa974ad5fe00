// Writes docs/errors.md from the error catalogue. With --check it only compares.
import { glob, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as prettier from "prettier";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "docs/errors.md");

/**
 * Entries by id, grouped by file: every export of src/contract/errors named `<area>Errors`, then each driver's own, from the errors.ts of its
 * folder.
 */
async function areas() {
  const shared = await tables("src/contract/errors/*.ts", (file) => basename(file, ".ts"));
  const drivers = await tables("drivers/*/errors.ts", (file) => basename(dirname(file)));
  return [...shared, ...drivers.map(([name, entries]) => [`driver ${name}`, entries])];
}

async function tables(pattern, nameOf) {
  const found = [];
  for await (const file of glob(pattern, { cwd: root })) {
    const name = nameOf(file);
    const entries = (await import(pathToFileURL(join(root, file)).href))[`${name}Errors`];
    if (entries) found.push([name, entries]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

async function errorDocs() {
  const text = [
    "# Errors",
    "Made from the error catalogue by `npm run snapshot`; do not edit.",
    "Every failure that is not a bug has one of these ids. `--output json` prints it as `id`, and ids do not change. Words in braces are " +
      "filled in. The number is the exit code of the command; what its class means stands in `localkube --help`.",
    ...(await areas()).flatMap(([area, entries]) => [`## ${area}`, table(entries)]),
  ].join("\n\n");
  return prettier.format(text, { parser: "markdown", printWidth: 110 });
}

function table(entries) {
  const rows = Object.entries(entries).map(
    ([id, { exit, title, fix }]) => `| \`${id}\` | ${exit} | ${cell(title)} | ${cell(fix)} |`,
  );
  return ["| id | exit | what it says | what helps |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

const cell = (text) => text.replace(/[|<>*_[\]]/g, "\\$&").replaceAll("\n", " ");

const text = await errorDocs();
if (!process.argv.includes("--check")) await writeFile(target, text);
else if ((await readFile(target, "utf8").catch(() => "")) !== text) {
  console.error(
    "docs/errors.md is not what the catalogue says: run npm run snapshot and review the difference",
  );
  process.exitCode = 1;
}
