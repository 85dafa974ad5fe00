import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { systemFailure } from "../contract/errors/system-failure.ts";

/** What a failed command prints with `--output json`. */
export interface ErrorReport {
  readonly id: string;
  readonly message: string;
  readonly step?: string;
  readonly fix: string;
  readonly exitCode: number;
  /** Last lines of another program's output. */
  readonly output?: string;
  /** Messages of the causes, outermost first. */
  readonly causes: readonly string[];
  readonly stack?: string;
}

/**
 * Any thrown value as a report: a full disk and similar errors are recognised by the system's message, wherever they occurred; an abort
 * becomes INTERRUPTED; any other error that is not ours becomes BUG.
 */
export function describeError(error: unknown): ErrorReport {
  const own = ownError(error);
  return {
    id: own.id,
    message: own.message,
    ...(own.step === undefined ? {} : { step: own.step }),
    fix: own.fix,
    exitCode: own.exitCode,
    ...(own.output === undefined ? {} : { output: own.output }),
    causes: causesOf(own.id === "BUG" ? (own.cause as Error | undefined)?.cause : own.cause),
    ...(own.id === "BUG" && error instanceof Error && error.stack ? { stack: error.stack } : {}),
  };
}

function ownError(error: unknown): LocalkubeError {
  const failure = systemFailure(error);
  if (failure) return failure;
  if (error instanceof LocalkubeError) return error;
  if (error instanceof Error && error.name === "AbortError")
    return error.cause instanceof LocalkubeError ? error.cause : new LocalkubeError("INTERRUPTED");
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new LocalkubeError("BUG", { message }, { cause: error });
}

function causesOf(cause: unknown): string[] {
  const messages: string[] = [];
  for (let at = cause; at instanceof Error && messages.length < 5; at = at.cause) {
    const message = at.message.split("\n", 1)[0] ?? "";
    if (!messages.includes(message)) messages.push(message);
  }
  return messages;
}
