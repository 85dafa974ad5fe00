import { LocalkubeError, messageOf } from "../contract/errors/localkube-error.ts";
import { nearestWord } from "../host/nearest-word.ts";

/** Errors of oclif's parser; its classes are not exported, so they are recognised by their properties. */
interface ParseFailure {
  readonly message: string;
  readonly flags?: unknown;
  readonly args?: unknown;
  readonly oclif?: unknown;
}

/**
 * Turns a parser error into one of our errors, with the flag that was probably meant. `command` is the id with blanks
 * (`config set`), `flags` are the names the command accepts, including the `no-` forms. Errors that are not from the parser
 * are returned unchanged.
 */
export function usageError(error: unknown, command: string, flags: readonly string[]): unknown {
  if (error instanceof LocalkubeError || !(error instanceof Error)) return error;
  const failure = error as ParseFailure;
  if (Array.isArray(failure.flags)) return unknownFlag(String(failure.flags[0]), command, flags, error);
  if (Array.isArray(failure.args)) return wrongArguments(failure.args, command, error);
  // `oclif` marks a CLIError: expected and shown to the user; other errors are bugs.
  if (failure.oclif === undefined && !/^Parsing --/.test(failure.message)) return error;
  return new LocalkubeError("USAGE_INVALID", { problem: plainProblem(error), command }, { cause: error });
}

function unknownFlag(typed: string, command: string, flags: readonly string[], cause: Error): LocalkubeError {
  const name = typed.replace(/^-+/, "").replace(/=.*$/, "");
  // A flag that turns something off is never a misspelling of one that turns it on.
  const turnsOff = name.startsWith("no-");
  const candidates = flags.filter((flag) => flag.startsWith("no-") === turnsOff);
  const near = typed.startsWith("--") && candidates.length > 0 ? nearestWord(name, candidates) : undefined;
  if (near === undefined)
    return new LocalkubeError("USAGE_UNKNOWN_FLAG", { flag: typed, command }, { cause });
  return new LocalkubeError("USAGE_MISTYPED_FLAG", { flag: typed, command, near }, { cause });
}

function wrongArguments(args: readonly unknown[], command: string, cause: Error): LocalkubeError {
  const first: unknown = args[0];
  if (typeof first === "object" && first !== null) {
    const name = (first as { name?: string }).name ?? "argument";
    return new LocalkubeError("USAGE_MISSING_ARGUMENT", { argument: name.toUpperCase(), command }, { cause });
  }
  return new LocalkubeError("USAGE_UNEXPECTED_ARGUMENT", { argument: String(first), command }, { cause });
}

/** oclif's text without its decorations. */
export function plainProblem(error: unknown): string {
  const text = messageOf(error);
  return text
    .replaceAll(/\u001b\[\d+m/g, "")
    .replaceAll(/\n?See more help with --help/g, "")
    .replace(/^The following errors? occurred:\s*/, "")
    .replace(/^Parsing (--\S+) \s*/, "$1: ")
    .trim();
}
