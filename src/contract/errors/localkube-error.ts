import { catalogue, type ErrorId } from "./catalogue.ts";

export type { ErrorId } from "./catalogue.ts";

export interface ErrorDetails {
  readonly cause?: unknown;
  /** The last lines of another program's output, shown under the message. */
  readonly output?: string;
}

/**
 * The one error users see: a stable id, what failed and where, and the one thing that helps.
 * `params` fill the `{name}` places of the catalogue's texts; they must never hold a secret.
 */
export class LocalkubeError extends Error {
  readonly id: ErrorId;
  readonly exitCode: number;
  readonly fix: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly output: string | undefined;
  /** Id of the step in which it happened; set by the pipeline. */
  step?: string;

  constructor(
    id: ErrorId,
    params: Readonly<Record<string, string | number>> = {},
    details: ErrorDetails = {},
  ) {
    const entry = catalogue[id];
    super(fill(entry.title, params), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "LocalkubeError";
    this.id = id;
    this.exitCode = entry.exit;
    this.fix = fill(entry.fix, params);
    this.params = params;
    this.output = details.output;
  }
}

function fill(text: string, params: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (name in params ? String(params[name]) : place));
}
