import process from "node:process";
import { styleText } from "node:util";
import { cloudEvent } from "./cloud-event.ts";
import { type ErrorReport, describeError } from "./describe-error.ts";
import type { OutputForm } from "./output-form.ts";

export interface ReportOptions {
  readonly output: OutputForm;
  /** Events were already written: the error is one of them. */
  readonly streaming: boolean;
  readonly verbose?: boolean;
}

/** Reports a failure to the user: text on standard error, JSON on standard output. Returns the exit code. */
export function reportFailure(error: unknown, { output, streaming, verbose = false }: ReportOptions): number {
  const report = describeError(error);
  if (output === "text") process.stderr.write(presentError(report, verbose));
  else if (streaming) process.stdout.write(`${JSON.stringify(cloudEvent("error", { error: report }))}\n`);
  else process.stdout.write(`${JSON.stringify({ error: report }, undefined, 2)}\n`);
  return report.exitCode;
}

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
