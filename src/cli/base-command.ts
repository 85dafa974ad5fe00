import process from "node:process";
import { Command } from "@oclif/core/command";
import * as Flags from "@oclif/core/flags";
import type { Config, Interfaces } from "@oclif/core";
import type { UseCaseContext } from "../cluster/access/use-case.ts";
import type { HostContext } from "../contract/host.ts";
import { hostContext } from "../host/host-context.ts";
import { cloudEvent } from "../output/cloud-event.ts";
import { outputForms } from "../output/output-form.ts";
import type { View } from "../pipeline/events.ts";
import { flagsFromEnvironment, type ValueSource } from "./flags-from-environment.ts";
import { type Interruption, watchInterruption } from "./interruption.ts";
import { requestedOutput } from "./command-line.ts";
import { loadSettings, type Settings } from "./settings.ts";
import { outputLost } from "./standard-streams.ts";
import { usageError } from "./usage-error.ts";
import { defaultProfile } from "../spec/parse/profile-name.ts";

const globalFlags = {
  profile: Flags.string({
    char: "p",
    helpValue: "NAME",
    summary: "Cluster to work on; `profile use` changes the default",
    default: defaultProfile,
    noCacheDefault: true,
    helpGroup: "GLOBAL",
  }),
  output: Flags.option({ options: outputForms })({
    char: "o",
    summary: "Form of results and errors",
    default: "text",
    helpGroup: "GLOBAL",
  }),
  verbose: Flags.boolean({ summary: "Print more: progress, causes, stack traces", helpGroup: "GLOBAL" }),
};

/** The flag of commands that work on one node. `otherwise` is what they work on without it. */
export const nodeFlag = (otherwise = "the first") =>
  Flags.string({ summary: `Node of the cluster; default: ${otherwise}`, helpValue: "NODE" });

type FlagsOf<T extends typeof Command> = Interfaces.InferredFlags<typeof globalFlags & T["flags"]>;
type ArgsOf<T extends typeof Command> = Interfaces.InferredArgs<T["args"]>;

/**
 * Base of every command: parse, run one use case, print. When `run()` is called, flags are parsed, with `LOCALKUBE_<FLAG>` and the
 * settings applied; whatever it throws is reported to the user and becomes the exit code.
 */
export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override baseFlags = globalFlags;
  /** Exit codes of this command in addition to the general ones, shown in its help. */
  static exits: Readonly<Record<number, string>> = {};

  protected flags!: FlagsOf<T>;
  protected args!: ArgsOf<T>;
  /** All positional words, including those after `--`; for commands with `strict = false`. */
  protected words!: readonly string[];
  /** Where the value of each flag came from. */
  protected sources: Readonly<Record<string, ValueSource>> = {};
  protected host!: HostContext;
  /** False where the command does without settings that could not be read. */
  protected settingsAreReadable = true;
  /** Aborted by Ctrl-C; pass it to everything that takes time. */
  protected signal!: AbortSignal;
  #interruption: Interruption | undefined;
  #view: View | undefined;
  #giving: Promise<void> | undefined;

  /** oclif would load the whole configuration again, including what `runningConfig` leaves out. */
  static override run<C extends Command>(
    this: new (argv: string[], config: Config) => C,
    argv?: string[],
    config?: unknown,
  ): Promise<ReturnType<C["run"]>> {
    const command = new this(argv ?? [], config as Config);
    return (command as unknown as BaseCommand<typeof Command>)._run();
  }

  protected override async init(): Promise<void> {
    this.host = hostContext();
    this.#interruption = watchInterruption();
    this.signal = this.#interruption.signal;
    const sources: Record<string, ValueSource> = {};
    const flags = { ...this.ctor.baseFlags, ...this.ctor.flags, ...this.moreFlags() };
    const { settings, problem } = this.readsSettings() ? this.storedSettings() : { settings: {} };
    const parsed = await this.parse({
      ...this.ctor,
      baseFlags: {},
      // oclif would read a missing argument from standard input.
      args: mapValues(this.ctor.args, (arg) => ({ ...arg, ignoreStdin: true })),
      strict: this.ctor.strict,
      flags: flagsFromEnvironment(flags, {
        env: this.host.env,
        settings,
        onSource: (flag, source) => (sources[flag] = source),
        onIgnored: (flag, origin) =>
          void process.stderr.write(
            `warning: ${origin} is ignored: --${flag} counts only on the command line\n`,
          ),
      }),
    }).catch((error: unknown) => {
      throw usageError(error, (this.id ?? "").replaceAll(":", " "), spellings(flags));
    });
    for (const name of Object.keys(parsed.flags)) sources[name] ??= "flag";
    this.sources = sources;
    this.flags = parsed.flags as FlagsOf<T>;
    this.args = parsed.args as ArgsOf<T>;
    // Not `parsed.argv`: oclif sorts it, so a word that occurs twice would change position.
    this.words = parsed.raw.filter((token) => token.type === "arg").map((token) => token.input);
    this.settingsAreReadable = problem === undefined;
    if (problem !== undefined && !this.doesWithoutSettings()) throw problem;
  }

  private storedSettings(): { readonly settings: Settings; readonly problem?: unknown } {
    const named = `localkube ${(this.id ?? "").replaceAll(":", " ")} -p NAME`;
    try {
      return {
        settings: loadSettings(this.host, this.usesStoredDefaults() ? "" : `. Or name the cluster: ${named}`),
      };
    } catch (problem) {
      return { settings: {}, problem };
    }
  }

  /** Flags that are known only on this computer: those of installed drivers. */
  protected moreFlags(): Readonly<Record<string, Command.Flag>> {
    return {};
  }

  /**
   * Whether unreadable settings do not matter to this call: most commands need them only to know the default profile, which may be any
   * cluster. Called after parsing.
   */
  protected doesWithoutSettings(): boolean {
    return !this.usesStoredDefaults() && ["flag", "env"].includes(this.sources["profile"] ?? "");
  }

  /** Whether settings are defaults of this command's own flags, too. */
  protected usesStoredDefaults(): boolean {
    return false;
  }

  /** Commands that repair the settings must work when the settings are unreadable. */
  protected readsSettings(): boolean {
    return true;
  }

  /** Prints the result on standard output: as JSON, or as the text that `text` makes of it. */
  protected print(result: object, text: () => string): void {
    if (this.flags.output === "text") {
      const lines = text();
      if (lines !== "") process.stdout.write(lines.endsWith("\n") ? lines : `${lines}\n`);
    } else if (this.#view) process.stdout.write(`${JSON.stringify(cloudEvent("result", result))}\n`);
    else process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  }

  /** The context of a use case: the host, the signal, a view for its events and, with `--verbose`, its log on standard error. */
  protected async useCase(): Promise<UseCaseContext> {
    const view = await this.openView();
    const emit: UseCaseContext["emit"] = (event) => {
      view.emit(event);
      // Between steps as well: a killed start must not leave files owned by root in the user's home.
      if (event.type === "step-finished") void this.#giveHomeBack();
    };
    const log = this.flags.verbose
      ? (line: string) => void process.stderr.write(`${line}\n`)
      : () => undefined;
    return { host: this.host, signal: this.signal, emit, log };
  }

  /** For use cases without steps: notices are printed on standard error, the result is one document. */
  protected quietUseCase(): UseCaseContext {
    const tell = (line: string) => void process.stderr.write(`${line}\n`);
    return {
      host: this.host,
      signal: this.signal,
      emit: (event) => {
        if (event.type === "notice" && this.flags.output === "text") tell(event.text);
      },
      log: this.flags.verbose ? tell : () => undefined,
    };
  }

  /** Opens the view that shows a use case's events; it is closed automatically when the command ends. */
  protected async openView(): Promise<View> {
    const { createView } = await import("../output/create-view.ts");
    const view = await createView({
      output: this.flags.output,
      isTTY: process.stderr.isTTY === true,
      verbose: this.flags.verbose,
      stderr: process.stderr,
      stdout: process.stdout,
    });
    this.#view = view;
    return view;
  }

  protected override async catch(error: Error): Promise<void> {
    const streaming = this.#view !== undefined;
    await this.#closeView();
    // With the output closed, that is why the command failed; `main` reports it if there is anything to report.
    if (outputLost.aborted) return;
    // A failure after an interruption is caused by the interruption.
    const told: unknown = this.signal?.aborted ? this.signal.reason : error;
    const output = this.flags?.output ?? requestedOutput(this.argv, process.env);
    const verbose = this.flags?.verbose ?? false;
    const { reportFailure } = await import("../output/report-failure.ts");
    process.exitCode = reportFailure(told, { output, streaming, verbose });
  }

  protected override async finally(): Promise<void> {
    await this.#closeView();
    await this.#giving; // it may have missed the files created last
    await this.#giveHomeBack();
    this.#interruption?.stop();
    if (this.signal?.aborted) process.exitCode = 130;
  }

  /** After `sudo -E`, gives the files created in another user's home to that user. One run at a time. */
  async #giveHomeBack(): Promise<void> {
    if (!this.host?.isRoot || this.host.env["SUDO_UID"] === undefined) return;
    const { giveHomeBack } = await import("../cluster/access/home-ownership.ts");
    await (this.#giving ??= giveHomeBack(this.host).finally(() => (this.#giving = undefined)));
  }

  async #closeView(): Promise<void> {
    const view = this.#view;
    this.#view = undefined;
    await view?.close();
  }
}

const spellings = (flags: Readonly<Record<string, object>>): string[] =>
  Object.entries(flags).flatMap(([name, flag]) =>
    "allowNo" in flag && flag.allowNo ? [name, `no-${name}`] : [name],
  );

const mapValues = <V, R>(table: Readonly<Record<string, V>>, change: (value: V) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value)]));
