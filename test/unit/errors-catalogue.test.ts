import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { catalogue, type ErrorId } from "../../src/contract/errors/catalogue.ts";
import { type ErrorEntry, exitCodes } from "../../src/contract/errors/entry.ts";

const root = join(import.meta.dirname, "../..");
const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(catalogue);
const sources = globSync("{src,drivers}/**/*.ts", { cwd: root })
  .filter((file) => !/contract.errors.(?!localkube-error|system-failure)/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
const docs = readFileSync(join(root, "docs/errors.md"), "utf8");

test("the sources are found", () => {
  expect(entries.length).toBeGreaterThan(90);
  expect(sources.length).toBeGreaterThan(200);
});

test("every id is used", () => {
  const unused = entries.filter(([id]) => !sources.some(({ text }) => text.includes(`"${id}"`)));
  expect(unused.map(([id]) => id)).toEqual([]);
});

test("every id is documented", () => {
  const missing = entries.filter(([id]) => !docs.includes(`| \`${id}\``));
  expect(missing.map(([id]) => id)).toEqual([]);
});

test("every entry says what failed and what helps, with an exit code of a known class", () => {
  const classes: readonly number[] = Object.values(exitCodes);
  const poor = entries.filter(
    ([, { exit, title, fix }]) => !title.trim() || !fix.trim() || !classes.includes(exit),
  );
  expect(poor).toEqual([]);
});

test("no advice is to delete a cluster, but to who is deleting", () => {
  const deleting = [
    "CLUSTER_BEING_DELETED",
    "DELETE_INCOMPLETE",
    "DRIVER_LEFTOVERS",
    "PURGE_CLUSTERS_LEFT",
    "SSH_HOST_UNREACHABLE",
    // Without a backup nothing else is left to do; it says that first.
    "STATE_DAMAGED",
  ];
  const advice = /localkube delete|delete (your|the) cluster/i;
  const harsh = entries.filter(([id, { fix }]) => advice.test(fix) && !deleting.includes(id));
  expect(harsh).toEqual([]);
});

const places = (text: string): readonly string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

interface Thrown {
  readonly where: string;
  readonly id: ErrorId;
  readonly given: ReadonlySet<string>;
}

/** Every `new LocalkubeError("ID", { … })` whose parameters stand there in full; a spread or a variable hides them. */
function thrown(file: string, text: string): readonly Thrown[] {
  const found: Thrown[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText(source) === "LocalkubeError") {
      const [id, params] = node.arguments ?? [];
      const properties = params && ts.isObjectLiteralExpression(params) ? params.properties : undefined;
      const names = properties?.map((property) => property.name?.getText(source).replace(/^"|"$/g, ""));
      const seen = params === undefined ? [] : names;
      if (id && ts.isStringLiteral(id) && seen && !seen.includes(undefined))
        found.push({
          where: `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`,
          id: id.text as ErrorId,
          given: new Set(seen as string[]),
        });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test("whoever throws fills every place of the texts", () => {
  const all = sources.flatMap(({ file, text }) => thrown(file, text));
  expect(all.length).toBeGreaterThan(80);
  const gaps = all.flatMap(({ where, id, given }) => {
    const { title, fix } = catalogue[id];
    const empty = places(`${title} ${fix}`).filter((name) => !given.has(name));
    return empty.length ? [`${where} ${id}: {${empty.join("}, {")}}`] : [];
  });
  expect(gaps).toEqual([]);
});
