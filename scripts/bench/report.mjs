import { textTable } from "../../src/output/text-table.ts";

const forms = {
  s: (value) => `${value.toFixed(2)} s`,
  ms: (value) => `${value.toFixed(1)} ms`,
  MiB: (value) => `${value.toFixed(0)} MiB`,
  bytes: (value) => `${value} B`,
};

/**
 * A row is { part, what, value, unit, indent?, aim?, ratio?: { to, value, aim? }, note? }; `aim` is the most it should be, in the row's unit.
 */
export function report(result, form) {
  if (form === "json") return JSON.stringify(result, null, 2);
  const { host, rows } = result;
  const cells = rows.map((row, index) => [
    rows[index - 1]?.part === row.part ? "" : row.part,
    `${"  ".repeat(row.indent ?? 0)}${row.what}`,
    measured(row),
    row.aim === undefined ? "" : `${forms[row.unit](row.aim)}${row.value <= row.aim ? "" : "  missed"}`,
    row.ratio ? ratio(row.ratio) : "",
    row.note ?? "",
  ]);
  const { before, after } = host.load;
  return [
    textTable(["part", "what", "measured", "aim", "ratio", ""], cells),
    "",
    `${host.cpus} × ${host.model}, Linux ${host.kernel}, Node ${host.node}, ${host.podman}`,
    `load ${before.toFixed(2)} before, ${after.toFixed(2)} after${before > host.cpus / 2 ? ": not a quiet machine, mind the ratios and not the seconds" : ""}`,
  ].join("\n");
}

const measured = ({ value, unit }) => forms[unit](value).padStart(9);

function ratio({ to, value, aim }) {
  const goal = aim === undefined ? "" : value <= aim ? ` (aim ${aim})` : ` (aim ${aim}: missed)`;
  return `${value.toFixed(2)} × ${to}${goal}`;
}
