import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { CommandResult, HostContext } from "../../src/contract/host.ts";
import { shellQuote } from "../../src/host/run-command.ts";
import { findVBoxManage, installHint } from "./installation.ts";

/**
 * Failures that pass by themselves: VBoxSVC starting, or ending because nobody used it for a moment (a call then comes too late to be answered
 * and too early for a new one), or a session still closing. VirtualBox's API reports them in English in every
 * language.
 */
const transient = [
  /The object is not ready/,
  /COM server is not running or failed to start/,
  /object functionality is limited/,
  /is already locked (?:by a session|for a session)/,
  /session (?:is|was) (?:being )?(?:locked|unlocked|closed)/i,
  /being (?:locked|unlocked)/,
];
/** Milliseconds before each retry: about five seconds in total. */
const pauses = [100, 200, 400, 800, 1000, 1000, 1500];
const defaultMs = 60_000;
/** Every other command changes something, and one that is interrupted leaves it half done. */
const asks = /^(?:list|show\w+|--version)$/;
const settleMs = 30_000;
/** English as well. In plain `C` VirtualBox on Linux accepts no path that is not ASCII: "RTR3Init: VERR_NO_TRANSLATION". */
const locale = { LANG: "C.UTF-8", LC_ALL: "C.UTF-8" } as const;

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** How often failures that pass by themselves are retried; default 7 times in five seconds. */
  readonly retries?: number;
}

/**
 * Runs VBoxManage and returns its standard output. Its exit code alone proves nothing: `error:` on standard error is a failure too. Rejects
 * with DRIVER_UNUSABLE (not installed), HOST_COMMAND_FAILED with VirtualBox's message, HOST_COMMAND_TIMEOUT.
 */
export async function vboxmanage(
  host: HostContext,
  args: readonly string[],
  { signal, timeoutMs = defaultMs, retries = pauses.length }: CallOptions = {},
): Promise<string> {
  const argv = [await programOf(host), ...args] as const;
  for (let attempt = 0; ; attempt++) {
    const result = await host.run(argv, {
      timeoutMs,
      allowFailure: true,
      ...(asks.test(args[0] ?? "") ? {} : { settleMs }),
      env: locale,
      ...(signal ? { signal } : {}),
    });
    if (!hasFailed(result)) return result.stdout;
    const pause = pauses[attempt];
    const output = wordsOf(result);
    if (pause === undefined || attempt >= retries || !transient.some((text) => text.test(output)))
      throw new LocalkubeError(
        "HOST_COMMAND_FAILED",
        { command: shellQuote(argv), exitCode: result.exitCode },
        { output },
      );
    await sleep(pause, undefined, signal ? { signal } : {});
  }
}

const hasFailed = ({ exitCode, stderr }: CommandResult): boolean =>
  exitCode !== 0 || /\berror:/i.test(stderr);

/** Its progress dots and warnings do not help in an error. */
function wordsOf({ stdout, stderr }: CommandResult): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n").map((line) => line.trimEnd());
  const errors = lines.filter((line) => /error:|VERR_|0x8/i.test(line));
  return (errors.length > 0 ? errors : lines).join("\n");
}

const programs = new WeakMap<HostContext, Promise<string | undefined>>();

async function programOf(host: HostContext): Promise<string> {
  const found = programs.get(host) ?? findVBoxManage(host);
  programs.set(host, found);
  const program = await found;
  if (program !== undefined) return program;
  programs.delete(host);
  throw new LocalkubeError("DRIVER_UNUSABLE", {
    driver: "virtualbox",
    problem: "VBoxManage is not installed",
    fix: installHint(host),
  });
}

/** VBOX_E_OBJECT_NOT_FOUND, for a machine. */
const notFound = /0x80bb0001[\s\S]*FindMachine/i;

/** Whether VirtualBox answered that it does not know this machine; by message, or by code when its service uses another language. */
export const isUnknownMachine = (error: unknown): boolean =>
  error instanceof LocalkubeError &&
  (/Could not find a registered machine/.test(error.output ?? "") || notFound.test(error.output ?? ""));

/** Its settings file cannot be read: VirtualBox then knows only the machine's id. */
export const isInaccessible = (error: unknown): boolean =>
  error instanceof LocalkubeError && /object functionality is limited/.test(error.output ?? "");

/** VirtualBox's message of a failed call, for the error that explains it. */
export const wordsFrom = (error: unknown): string =>
  error instanceof LocalkubeError ? (error.output ?? error.message) : String(error);

/** Whether VirtualBox answered that the machine has no snapshots. */
export const isNoSnapshot = (error: unknown): boolean =>
  error instanceof LocalkubeError && /does not have any snapshots/.test(error.output ?? "");
