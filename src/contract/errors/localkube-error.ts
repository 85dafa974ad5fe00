import { catalogue, type ErrorId } from "./catalogue.ts";
import type { ErrorDetails, ErrorEntry, ErrorParams, ErrorTable } from "./entry.ts";

export type { ErrorId } from "./catalogue.ts";

/**
 * The one error users see: a stable id, what failed and where, and the one thing that helps.
 * `params` fill the `{name}` places of the catalogue's texts; they must never hold a secret.
 */
export class LocalkubeError extends Error {
  /** An `ErrorId`, or an id of the driver that threw it. */
  readonly id: string;
  readonly exitCode: number;
  readonly fix: string;
  readonly params: ErrorParams;
  readonly output: string | undefined;
  /** Id of the step in which it happened; set by the pipeline. */
  step?: string;

  constructor(id: ErrorId, params?: ErrorParams, details?: ErrorDetails);
  /** With an entry that is not in the catalogue: see `errorsOf`. */
  constructor(id: string, params: ErrorParams, details: ErrorDetails, entry: ErrorEntry);
  constructor(
    id: string,
    params: ErrorParams = {},
    details: ErrorDetails = {},
    entry: ErrorEntry = catalogue[id as ErrorId],
  ) {
    super(fill(entry.title, params), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "LocalkubeError";
    this.id = id;
    this.exitCode = entry.exit;
    this.fix = fill(entry.fix, params);
    this.params = params;
    this.output = details.output;
  }
}

export interface TableError<T extends ErrorTable> {
  new (id: keyof T & string, params?: ErrorParams, details?: ErrorDetails): LocalkubeError;
}

/** The class whose errors have the ids and texts of a table of their own: a driver's. They are presented like any `LocalkubeError`. */
export function errorsOf<T extends ErrorTable>(table: T): TableError<T> {
  return class extends LocalkubeError {
    constructor(id: keyof T & string, params: ErrorParams = {}, details: ErrorDetails = {}) {
      const entry: ErrorEntry | undefined = table[id];
      if (!entry) throw new Error(`no error ${id} in this table`);
      super(id, params, details, entry);
    }
  };
}

/** What a caught value says, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function fill(text: string, params: ErrorParams): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (name in params ? String(params[name]) : place));
}
