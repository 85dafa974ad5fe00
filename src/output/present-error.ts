import process from "node:process";
import { styleText } from "node:util";
import type { ErrorReport } from "./describe-error.ts";

const shownOutputLines = 12;

/** The report as text for a terminal: what failed, where, the other program's last lines, and the one thing that helps. */
export function presentError(report: ErrorReport, verbose: boolean, stream = process.stderr): string {
  const style = (format: "red" | "dim" | "bold", text: string) => styleText(format, text, { stream });
  const lines = [`${style("red", `Error ${report.id}:`)} ${report.message}`];
  if (report.step !== undefined) lines.push(`  in step ${report.step}`);
  const output = report.output?.trimEnd();
  if (output)
    for (const line of output.split("\n").slice(-shownOutputLines)) lines.push(style("dim", `  | ${line}`));
  if (verbose) lines.push(...report.causes.map((cause) => `  because: ${cause}`));
  if (verbose && report.stack !== undefined) lines.push(style("dim", report.stack));
  lines.push(`${style("bold", "Fix:")} ${report.fix}`);
  return `${lines.join("\n")}\n`;
}
