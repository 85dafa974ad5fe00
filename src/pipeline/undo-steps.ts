import type { Step } from "../contract/step.ts";
import { orderSteps, type RunOptions, runSteps } from "./run-steps.ts";

const undoTimeoutMs = 300_000;

/** Takes back what the steps made, one after the other, the last first. Stops at the first that cannot; a second call goes on there. */
export async function undoSteps<S, B>(
  steps: readonly Step<S, B>[],
  base: B,
  options: RunOptions,
): Promise<void> {
  const backwards = [...orderSteps(steps)].reverse().flatMap(({ id, undo }) => (undo ? [{ id, undo }] : []));
  const removals = backwards.map(({ id, undo }, index): Step<B> => {
    const before = backwards[index - 1];
    const { title } = undo;
    return {
      id,
      title,
      needs: before ? [before.id] : [],
      timeoutMs: undoTimeoutMs,
      apply: (b, c) => undo.run(b, c),
    };
  });
  await runSteps(removals, base, options);
}
