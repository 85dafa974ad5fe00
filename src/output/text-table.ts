import { stripVTControlCharacters } from "node:util";

/** Columns under a heading, separated by two blanks, no trailing blanks. Cells may contain colours, not line breaks. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = (cell: string): number => [...stripVTControlCharacters(cell)].length;
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => width(row[column] ?? ""))));
  const line = (row: readonly string[]): string =>
    widths
      .map((wanted, column) => (row[column] ?? "") + " ".repeat(wanted - width(row[column] ?? "")))
      .join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
}
