/** A failure that may go away: the download tries again after a pause. */
export class RetryableFailure extends Error {
  /** Wait that the server asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The partial file is of no use and the next attempt starts at the first byte. */
  readonly startOver: boolean;

  constructor(
    problem: string,
    options: {
      readonly retryAfterMs?: number | undefined;
      readonly startOver?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(problem, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RetryableFailure";
    this.retryAfterMs = options.retryAfterMs;
    this.startOver = options.startOver ?? false;
  }
}
