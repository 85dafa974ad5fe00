import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { catalogue } from "../../src/contract/errors/catalogue.ts";
import { type ErrorTable, exitCodes } from "../../src/contract/errors/entry.ts";

const root = join(import.meta.dirname, "../..");
/** By driver: what its folder adds to the catalogue. */
const driverTables: Record<string, ErrorTable> = {};
for (const file of globSync("drivers/*/errors.ts", { cwd: root })) {
  const name = basename(dirname(file));
  const exported = (await import(join(root, file))) as Readonly<Record<string, ErrorTable>>;
  driverTables[name] = exported[`${name}Errors`]!;
}
const tables: readonly ErrorTable[] = [catalogue, ...Object.values(driverTables)];
const all: ErrorTable = Object.assign({}, ...tables) as ErrorTable;
const entries = Object.entries(all);
const sources = globSync("{src,drivers}/**/*.ts", { cwd: root })
  .filter((file) => !/contract.errors.(?!localkube-error|system-failure)|errors\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
const docs = readFileSync(join(root, "docs/errors.md"), "utf8");

test("the sources are found", () => {
  expect(entries.length).toBeGreaterThan(90);
  expect(sources.length).toBeGreaterThan(200);
});

test("a driver's ids are its own, and begin with its name", () => {
  expect(Object.keys(driverTables).sort()).toEqual(["packet", "qemu", "ssh", "virtualbox", "vmware"]);
  const count = tables.reduce((sum, table) => sum + Object.keys(table).length, 0);
  expect(entries).toHaveLength(count);
  for (const [name, table] of Object.entries(driverTables))
    for (const id of Object.keys(table)) expect(id).toMatch(new RegExp(`^${name.toUpperCase()}_`));
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
  readonly id: string;
  readonly given: ReadonlySet<string>;
}

/** Every `new LocalkubeError("ID", { … })`, or the class of a driver's errors, whose parameters stand there in full; a spread or a variable hides them. */
function thrown(file: string, text: string): readonly Thrown[] {
  const found: Thrown[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && /^[A-Z]\w*Error$/.test(node.expression.getText(source))) {
      const [id, params] = node.arguments ?? [];
      const properties = params && ts.isObjectLiteralExpression(params) ? params.properties : undefined;
      const names = properties?.map((property) => property.name?.getText(source).replace(/^"|"$/g, ""));
      const seen = params === undefined ? [] : names;
      if (id && ts.isStringLiteral(id) && id.text in all && seen && !seen.includes(undefined))
        found.push({
          where: `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`,
          id: id.text,
          given: new Set(seen as string[]),
        });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test("whoever throws fills every place of the texts", () => {
  const throwing = sources.filter(({ text }) => /new \w*Error\(\s*"[A-Z]/.test(text));
  const throws = throwing.flatMap(({ file, text }) => thrown(file, text));
  expect(throws.length).toBeGreaterThan(80);
  const gaps = throws.flatMap(({ where, id, given }) => {
    const { title, fix } = all[id]!;
    const empty = places(`${title} ${fix}`).filter((name) => !given.has(name));
    return empty.length ? [`${where} ${id}: {${empty.join("}, {")}}`] : [];
  });
  expect(gaps).toEqual([]);
});
