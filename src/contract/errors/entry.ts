/** One kind of failure. `title` and `fix` may hold `{name}` places. */
export interface ErrorEntry {
  readonly exit: number;
  readonly title: string;
  /** One action, if it can be a command then a command. Never "delete your cluster". */
  readonly fix: string;
}

/** Errors by id: capital letters and underscores. Ids do not change. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** Values of the `{name}` places of the texts; never a secret. */
export type ErrorParams = Readonly<Record<string, string | number>>;

export interface ErrorDetails {
  readonly cause?: unknown;
  /** The last lines of another program's output, shown under the message. */
  readonly output?: string;
}

/** Exit codes by class; `status` has bits of its own. */
export const exitCodes = {
  bug: 1,
  usage: 2,
  notFound: 66,
  unavailable: 69,
  software: 70,
  cannotCreate: 73,
  io: 74,
  temporary: 75,
  permission: 77,
  config: 78,
  interrupted: 130,
} as const;
