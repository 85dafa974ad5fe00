import type { HostContext, RunContext } from "../../contract/host.ts";
import type { EmitEvent } from "../../pipeline/events.ts";

/** What every use case gets from its command. */
export interface UseCaseContext {
  readonly host: HostContext;
  readonly signal: AbortSignal;
  readonly emit: EmitEvent;
  /** Lines for the log file and `--verbose`. */
  readonly log: (line: string) => void;
}

/** A context for calls outside the pipeline: no progress is shown. */
export const quietly = ({ host, signal, log, emit }: UseCaseContext): RunContext => ({
  host,
  signal,
  log,
  report: () => undefined,
  notice: (text) => emit({ type: "notice", at: Date.now(), level: "info", text }),
});

export function notice(
  { emit }: Pick<UseCaseContext, "emit">,
  text: string,
  level: "info" | "warning" = "info",
): void {
  emit({ type: "notice", at: Date.now(), level, text });
}

/** For work inside another use case whose view already shows a run. */
export const noticesOnly = (context: UseCaseContext): UseCaseContext => ({
  ...context,
  emit: (event) => {
    if (event.type === "notice") context.emit(event);
  },
});
