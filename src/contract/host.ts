/** What a driver, a step or a builder may know about the host and do on it. Types only. */

export interface CommandOptions {
  /** Ends the command (SIGTERM, after 2 s SIGKILL) and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the command is ended and the call rejects with HOST_COMMAND_TIMEOUT. Default 60 000. */
  readonly timeoutMs?: number;
  /**
   * For a program that changes things outside this process in several steps (a container engine, a hypervisor, a package manager), so that
   * ending it between two steps leaves half a change behind. After an abort or the deadline it gets this many milliseconds to finish before
   * it is ended; only then does the call reject. A terminal's Ctrl-C does not reach it, and it continues when this process ends.
   */
  readonly settleMs?: number;
  /**
   * For a program that removes what it has made so far when a signal ends it and its children, but takes longer than 2 s for that (a temporary
   * root, mounts). It runs in a process group of its own; after an abort or the deadline the whole group gets SIGTERM, and SIGKILL this many
   * milliseconds later. A terminal's Ctrl-C does not reach it; when this process ends before it, the group gets SIGTERM.
   */
  readonly cleanUpMs?: number;
  readonly cwd?: string;
  /** Added to the host's environment. `LANG=C` and `LC_ALL=C` are set, so that messages can be parsed, unless they are given here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is closed after it. Secrets belong here, never in argv. */
  readonly stdin?: string | Uint8Array | NodeJS.ReadableStream;
  /** Called for each whole line of standard output and standard error as it appears (progress). */
  readonly onLine?: (line: string) => void;
  /** Resolve instead of reject when the exit code is not 0. */
  readonly allowFailure?: boolean;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell. Rejects with HOST_COMMAND_FAILED, _NOT_FOUND or _TIMEOUT (see contract/errors). */
export type RunCommand = (
  argv: readonly [string, ...string[]],
  options?: CommandOptions,
) => Promise<CommandResult>;

export interface HostContext {
  readonly run: RunCommand;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Go's name of the architecture, because artifacts are named by it. */
  readonly arch: "amd64" | "arm64";
  readonly isRoot: boolean;
  /** `$LOCALKUBE_HOME` or `~/.localkube`: clusters and settings; mode 0700. */
  readonly stateDir: string;
  /** `$XDG_CACHE_HOME/localkube` or `~/.cache/localkube`: everything in it can be downloaded or built again. */
  readonly cacheDir: string;
}

export interface Progress {
  /** One short phrase: what is happening now. */
  readonly message?: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: "bytes" | "items";
}

/** Passed to everything that takes time. Every external effect obeys `signal`. */
export interface RunContext {
  readonly host: HostContext;
  readonly signal: AbortSignal;
  /** Progress of the current step; cheap to call often, the views throttle. */
  readonly report: (progress: Progress) => void;
  /** A line for the log file and for `--verbose`; never a secret. */
  readonly log: (line: string) => void;
  /** A sentence for the user although nothing failed; shown even where progress is not. */
  readonly notice?: (text: string) => void;
}

/** What a shell is to do with its environment. Variables that are not in it stay as they are. */
export interface EnvironmentChange {
  readonly set: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
  /** The new PATH as a whole; where it is the old one with a folder in front, that folder. */
  readonly path?: { readonly value: string; readonly prepend?: string };
}
