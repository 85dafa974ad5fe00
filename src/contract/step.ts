import type { RunContext } from "./host.ts";

/** One part of a command's work. What it waits for, and when it applies, is said in the recipe that lists it (`src/pipeline/recipe.ts`). */
export interface Step<S, B = S> {
  /** Stable: used in the journal, in events, in `--timeline` and by tests. Kebab-case. */
  readonly id: string;
  /** What a reader sees while it runs: "Creating the machine". */
  readonly title: string;
  /** Milliseconds until the step is aborted with STEP_TIMEOUT. */
  readonly timeoutMs: number;
  /** Read-only. `done` skips `apply`; this makes a command re-entrant after it was killed anywhere. */
  check?(state: S, c: RunContext): Promise<"done" | "todo">;
  /** Sentences for `--dry-run`: what `apply` would do now. Read-only. */
  plan?(state: S): readonly string[] | Promise<readonly string[]>;
  /** How what `apply` made is taken away again; `delete` is nothing but this, in reverse order. Needs less to be known than `apply`. */
  readonly undo?: Undo<B>;
  /** Does the work; may say `unchanged` when it found that there was none. */
  apply(state: S, c: RunContext): Promise<void | "unchanged">;
}

export interface Undo<B> {
  readonly title: string;
  /** Succeeds when nothing is there or only half of it; rejects with what would not go. */
  run(base: B, c: RunContext): Promise<void>;
}
