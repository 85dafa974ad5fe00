import { expect, test, vi } from "vitest";
import { readUserYaml, type UserYamlOptions } from "../../../src/host/user-yaml.ts";

const read = (text: string, options?: UserYamlOptions) =>
  readUserYaml(text, (problem, line, column) => new Error(`${line}:${column} ${problem}`), options);

test.each([
  ["a: 1\nb: *x\n", "2:4 the alias *x has no anchor &x before it"],
  ["a: &a\n  - *a\n", "2:5 the alias *a is inside what it stands for"],
  ["a: b\n---\nc: d\n", "2:1 a second document begins here; only one is read"],
  ["a: !mine b\n", "1:4 Unresolved tag: !mine"],
  ["a: 1\na: 2\n", "2:1 Map keys must be unique"],
  ["a: [\n", "2:1 Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ["[".repeat(20_000), "it is nested too deeply"],
])("%j is refused with its place", (text, message) => {
  expect(() => read(text.slice(0, 20_000))).toThrow(message);
});

test("a key that is no text is refused, without a warning of Node's", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  expect(() => read("a: 1\n? [b, c]\n: 2\n").values()).toThrow("2:3 a key must be a text");
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

test("many aliases are read, as kubectl reads them; those that would fill the memory are not", () => {
  const many = `a: &a {x: 1}\nb: [${"*a, ".repeat(500)}]\n`;
  expect((read(many).values()[0] as { b: unknown[] }).b).toHaveLength(500);
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]\n`);
  expect(() => read(`l0: &l0 [x]\n${levels.join("")}`).values()).toThrow("its aliases unfold to more than");
});

test("several documents only where they are wanted; a text of nothing is one empty document", () => {
  expect(read("a: 1\n---\nb: 2\n", { several: true }).values()).toEqual([{ a: 1 }, { b: 2 }]);
  expect(read("# nothing\n").values()).toEqual([null]);
});
