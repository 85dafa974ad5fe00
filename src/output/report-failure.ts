import process from "node:process";
import { cloudEvent } from "./cloud-event.ts";
import { describeError } from "./describe-error.ts";
import type { OutputForm } from "./output-form.ts";
import { presentError } from "./present-error.ts";

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
