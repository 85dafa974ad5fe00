import type { RunContext } from "./host.ts";

/** One part of a command's work. Its dependencies and conditions are in the recipe that lists it (`src/pipeline/recipe.ts`). */
export interface Step<S, B = S> {
  /** Stable: used in the journal, in events, in `--timeline` and by tests. Kebab-case. */
  readonly id: string;
  /** What the user sees while it runs: "Creating the machine". */
  readonly title: string;
  /** Milliseconds until the step is aborted with STEP_TIMEOUT. */
  readonly timeoutMs: number;
  /** Read-only. `done` skips `apply`; this makes a command re-entrant after it was killed at any point. */
  check?(state: S, c: RunContext): Promise<"done" | "todo">;
  /** Sentences for `--dry-run`: what `apply` would do now. Read-only. */
  plan?(state: S): readonly string[] | Promise<readonly string[]>;
  /** Removes what `apply` created; `delete` consists of nothing but these, in reverse order. Needs less information than `apply`. */
  readonly undo?: Undo<B>;
  /** Does the work; may return `unchanged` when there was nothing to do. */
  apply(state: S, c: RunContext): Promise<void | "unchanged">;
}

export interface Undo<B> {
  readonly title: string;
  /** Succeeds when there is nothing or only half of it; rejects with what could not be removed. */
  run(base: B, c: RunContext): Promise<void>;
}
