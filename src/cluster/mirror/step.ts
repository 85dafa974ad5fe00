import type { RunContext } from "../../contract/host.ts";
import { runJobs } from "../../pipeline/run-jobs.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/** A build from source takes minutes, many on a small machine; so does a large download over a slow connection. */
const timeoutMs = 5_400_000;

/** Runs work on a mirror as a pipeline with one step, so that every view shows its progress. */
export async function mirrorStep<T>(
  { command, title }: { readonly command: string; readonly title: string },
  context: UseCaseContext,
  work: (c: RunContext) => Promise<T>,
): Promise<T> {
  let result: { readonly value: T } | undefined;
  const job = {
    id: command.replaceAll(" ", "-"),
    title,
    after: [],
    timeoutMs,
    apply: async (c: RunContext): Promise<void> => {
      result = { value: await work(c) };
    },
  };
  await runJobs([job], { ...context, command, profile: "" });
  if (!result) throw new Error(`${command} ended without a result`);
  return result.value;
}
