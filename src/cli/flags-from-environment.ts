import type { Command } from "@oclif/core";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { plainProblem } from "./usage-error.ts";

/** Where the value of a flag came from; needed to merge with a `--config` file (flag > env > file > settings). */
export type ValueSource = "flag" | "env" | "settings" | "default";

export interface FlagSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stored settings as text, by flag name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Called for each flag that is not on the command line. */
  readonly onSource: (flag: string, source: ValueSource) => void;
  /** Called for a flag that is accepted only on the command line but is also set in a variable or the settings. */
  readonly onIgnored?: (flag: string, origin: string) => void;
}

/**
 * Confirmations and destructive flags must be given each time, on the command line: a variable or setting meant for one command
 * (`yes` to installing packages) would answer the question of another (`yes` to a restore that loses data). So must what says different things to different commands.
 */
export const commandLineOnly: ReadonlySet<string> = new Set([
  "all",
  "discard",
  "forget",
  "from",
  "purge",
  "recreate",
  "ssh-take-over",
  "trust",
  "yes",
]);

/** `--wait-timeout` → `LOCALKUBE_WAIT_TIMEOUT`: every flag of every command has an environment variable. */
export function environmentName(flag: string): string {
  return `LOCALKUBE_${flag.replaceAll("-", "_").toUpperCase()}`;
}

type Flag = Command.Flag;

/** Where a value is defined, and how to fix it when it is wrong. */
export interface Origin {
  readonly name: string;
  readonly remedy: string;
}

/**
 * Returns the same flags, whose defaults come first from `LOCALKUBE_<FLAG>`, then from the settings. oclif's own `env` is
 * not used: it supports neither lists nor errors for invalid booleans, and it would hide where a value came from.
 */
export function flagsFromEnvironment(
  flags: Readonly<Record<string, Flag>>,
  sources: FlagSources,
): Record<string, Flag> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, withSources(name, flag, sources)]),
  );
}

function withSources(name: string, flag: Flag, sources: FlagSources): Flag {
  const lookUp = async (context: unknown): Promise<unknown> => {
    const found = lookedUp(name, sources);
    sources.onSource(name, found?.source ?? "default");
    if (found) return parseValue(flag, found.text, found.origin);
    // A switch that is not given is off; one with a --no- form has a third state, which its command handles.
    const original: unknown = flag.default ?? (flag.type === "boolean" && !flag.allowNo ? false : undefined);
    return typeof original === "function" ? (original as (c: unknown) => unknown)(context) : original;
  };
  return { ...flag, env: undefined, default: lookUp } as unknown as Flag;
}

/** A value from outside the command line; one that is accepted only there is reported and ignored. */
function lookedUp(name: string, { env, settings, onIgnored }: FlagSources) {
  const variable = environmentName(name);
  const fromEnv = env[variable];
  const stored = settings[name];
  if (commandLineOnly.has(name)) {
    if (fromEnv) onIgnored?.(name, variable);
    else if (stored !== undefined) onIgnored?.(name, `the setting ${name}`);
    return undefined;
  }
  if (fromEnv) {
    const origin: Origin = { name: variable, remedy: `Change or unset ${variable}` };
    return { source: "env", text: fromEnv, origin } as const;
  }
  if (stored === undefined) return undefined;
  const origin: Origin = { name: `setting ${name}`, remedy: `Run localkube config unset ${name}` };
  return { source: "settings", text: stored, origin } as const;
}

/**
 * Parses a flag's value given outside the command line. A repeatable flag takes one value per line, or several separated by
 * blanks (or by the flag's own delimiter). Rejects with USAGE_BAD_SETTING; `origin` names the place in the message.
 */
export async function parseValue(flag: Flag, text: string, origin: Origin): Promise<unknown> {
  const wrong = (problem: string, cause?: unknown) => {
    const { name, remedy } = origin;
    return new LocalkubeError("USAGE_BAD_SETTING", { origin: name, value: text, problem, remedy }, { cause });
  };
  if (flag.type === "boolean") {
    if (/^(1|true|yes|on)$/i.test(text)) return true;
    if (/^(0|false|no|off)$/i.test(text)) return false;
    throw wrong("use true or false");
  }
  const parseOne = async (value: string): Promise<unknown> => {
    const allowed = flag.options;
    if (allowed && !allowed.includes(value)) throw wrong(`use one of ${allowed.join(", ")}`);
    try {
      return await (flag.parse as (input: string, context: unknown, flag: unknown) => Promise<unknown>)(
        value,
        {},
        flag,
      );
    } catch (error) {
      if (error instanceof LocalkubeError) throw error;
      throw wrong(plainProblem(error), error);
    }
  };
  if (!flag.multiple) return parseOne(text);
  const separator = flag.delimiter ?? (text.includes("\n") ? "\n" : /\s+/);
  const values = text.split(separator).map((value) => value.trim());
  return Promise.all(values.filter((value) => value !== "").map(parseOne));
}
