// Writes the table of what was tried in docs/runtimes.md, from docs/runtimes-tried.json and the runtimes' own words. With --check it only compares.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { knownMinors } from "../src/artifacts/catalogue/kubernetes-version.ts";
import { runtimes } from "../src/runtimes/registry.ts";
import { generatedSection } from "./generated-section.mjs";

const docs = join(dirname(fileURLToPath(import.meta.url)), "../docs");
const target = join(docs, "runtimes.md");
const marks = { begin: "<!-- tried: made by npm run snapshot -->", end: "<!-- end of tried -->" };
const tried = JSON.parse(await readFile(join(docs, "runtimes-tried.json"), "utf8"));

/** What is known of one runtime with one minor on one version of cgroups. */
function state(runtime, minor, cgroups) {
  if (!runtime.at(minor)) return "refused: no release goes with it";
  const found = tried.filter(
    (one) => one.runtime === runtime.name && one.minors.includes(minor) && one.cgroups === cgroups,
  );
  if (found.length === 0) return "rendered only";
  return found
    .map(({ test, on, server, note }) =>
      [
        test ? `in the tests (\`${test}\`)` : `by hand on ${on}`,
        server ? `with ${server}` : "",
        note ? `: ${note}` : "",
      ]
        .filter(Boolean)
        .join(" ")
        .replace(" :", ":"),
    )
    .join("; ");
}

/** Minors that have the same to say are one row. */
function rowsOf(runtime, cgroups) {
  const rows = [];
  for (const minor of [...knownMinors].sort((a, b) => a - b)) {
    const text = state(runtime, minor, cgroups);
    const last = rows.at(-1);
    if (last?.text === text) last.to = minor;
    else rows.push({ from: minor, to: minor, text });
  }
  return rows.map(({ from, to, text }) => {
    const minors = from === to ? `1.${from}` : `1.${from} to 1.${to}`;
    return `| ${runtime.name} | ${minors} | ${cgroups} | ${text} |`;
  });
}

const table = [
  "| runtime | Kubernetes | cgroups | tried |",
  "| --- | --- | --- | --- |",
  ...runtimes.flatMap((runtime) => [1, 2].flatMap((cgroups) => rowsOf(runtime, cgroups))),
];

await generatedSection(
  target,
  marks,
  table,
  "docs/runtimes.md's table of what was tried is not what docs/runtimes-tried.json says",
);
