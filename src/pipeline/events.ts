import type { Progress } from "../contract/host.ts";

/** One step as the views know it before anything runs. */
export interface StepInfo {
  readonly id: string;
  readonly title: string;
}

/** What the runner reports while it works; every view (listr, plain, JSON) and the journal receive only this. */
export type PipelineEvent =
  | {
      readonly type: "run-started";
      readonly at: number;
      readonly command: string;
      readonly profile: string;
      readonly steps: readonly StepInfo[];
    }
  | { readonly type: "step-started"; readonly at: number; readonly id: string; readonly title: string }
  | { readonly type: "step-progress"; readonly at: number; readonly id: string; readonly progress: Progress }
  | {
      readonly type: "step-finished";
      readonly at: number;
      readonly id: string;
      readonly outcome: "done" | "unchanged";
      readonly durationMs: number;
    }
  | {
      readonly type: "step-failed";
      readonly at: number;
      readonly id: string;
      readonly durationMs: number;
      readonly error: unknown;
    }
  /** Something the user should read although nothing failed ("using emulation: slow, because …"). */
  | {
      readonly type: "notice";
      readonly at: number;
      readonly level: "info" | "warning";
      readonly text: string;
    }
  | {
      readonly type: "run-finished";
      readonly at: number;
      readonly durationMs: number;
      readonly outcome: "done" | "failed" | "interrupted";
    };

/** `at` is milliseconds since the epoch. */
export type EmitEvent = (event: PipelineEvent) => void;

export interface View {
  readonly emit: EmitEvent;
  /** Ends drawing; resolves when the last line is written. Called once, also after a failure. */
  close(): Promise<void>;
}
