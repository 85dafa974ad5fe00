/** What a driver, a step or a builder may know of and do on the host. Types only. */

export interface CommandOptions {
  /** Ends the command (SIGTERM, after 2 s SIGKILL) and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the command is ended and the call rejects with HOST_COMMAND_TIMEOUT. Default 60 000. */
  readonly timeoutMs?: number;
  /**
   * For a program that changes things outside this process in several moves (an engine, a hypervisor, a package manager), so that an end
   * between two of them leaves half a change behind. After an abort or the deadline it gets this many milliseconds to end by itself before
   * it is ended; only then does the call reject. A terminal's Ctrl-C does not reach it, and it goes on when this process ends.
   */
  readonly settleMs?: number;
  readonly cwd?: string;
  /** Added to the host's environment, where `LANG=C` and `LC_ALL=C` stand, so that texts can be read, unless they are given here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is closed after it. Secrets go here, never into argv. */
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
  /** Go's spelling, as artifacts are named by it. */
  readonly arch: "amd64" | "arm64";
  readonly isRoot: boolean;
  /** `$LOCALKUBE_HOME` or `~/.localkube`: clusters and settings; mode 0700. */
  readonly stateDir: string;
  /** `$XDG_CACHE_HOME/localkube` or `~/.cache/localkube`: everything in it can be made again. */
  readonly cacheDir: string;
}

export interface Progress {
  /** One short phrase: what is happening now. */
  readonly message?: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: "bytes" | "items";
}

/** Handed to everything that takes time. Every external effect obeys `signal`. */
export interface RunContext {
  readonly host: HostContext;
  readonly signal: AbortSignal;
  /** Progress of the step at hand; cheap to call often, the views throttle. */
  readonly report: (progress: Progress) => void;
  /** A line for the log file and for `--verbose`; never a secret. */
  readonly log: (line: string) => void;
  /** A sentence for the user, though nothing failed; kept even where progress is not shown. */
  readonly notice?: (text: string) => void;
}
