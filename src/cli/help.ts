import { CommandHelp, Help } from "@oclif/core/help";
import type { Command, Interfaces } from "@oclif/core";
import { exitCodes } from "../contract/errors/entry.ts";
import { CommandTable } from "./command-table.ts";
import { fullConfig, packageJson } from "./open-config.ts";
import { installedDriverFlags } from "./spec-flags.ts";

/** Exit codes with the same meaning in every command. */
const generalExits: Readonly<Record<number, string>> = {
  0: "done",
  [exitCodes.bug]: "a bug of localkube",
  [exitCodes.usage]: "wrong usage: a flag, an argument or a value",
  [exitCodes.notFound]: "what was named does not exist",
  [exitCodes.unavailable]: "something needed is missing: a program, a driver, a service",
  [exitCodes.software]: "a program we ran failed",
  [exitCodes.cannotCreate]: "something cannot be created: no space, a port or a name is taken",
  [exitCodes.io]: "a file or a download is not what it should be",
  [exitCodes.temporary]: "not ready in time; trying again may help",
  [exitCodes.permission]: "not permitted",
  [exitCodes.config]: "a file of the state directory or of the configuration cannot be used",
  [exitCodes.interrupted]: "interrupted",
  141: "the reader of standard output closed it, as head does",
};

/** oclif's help plus the exit codes, which scripts need. */
export class CommandLineHelp extends Help {
  constructor(config: Interfaces.Config, options?: Partial<Interfaces.HelpOptions>) {
    super(config, { maxWidth: 110, ...options });
    this.CommandHelpClass = HelpWithExits;
  }

  /** Drivers from npm have flags of their own, which the manifest does not know. */
  protected override getCommandHelpClass(command: Command.Loadable): CommandHelp {
    if (command.id !== "start") return super.getCommandHelpClass(command);
    const named = Object.entries(installedDriverFlags()).map(([name, flag]) => [name, { ...flag, name }]);
    const flags = { ...command.flags, ...(Object.fromEntries(named) as typeof command.flags) };
    return super.getCommandHelpClass({ ...command, flags });
  }

  override formatRoot(): string {
    return `${super.formatRoot()}\n\n${this.section("EXIT CODES", rows(generalExits))}`;
  }
}

/** The output of `localkube --help` without colours; stored by the build, so that the launcher need not load anything. */
export async function rootHelp(): Promise<string> {
  const config = await fullConfig(CommandTable.open(packageJson()));
  const lines: string[] = [];
  const help = new (class extends CommandLineHelp {
    protected override log(...args: string[]): void {
      lines.push(args.join(" "));
    }
  })(config, { stripAnsi: true });
  await help.showHelp([]);
  return `${lines.join("\n").trimEnd()}\n`;
}

class HelpWithExits extends CommandHelp {
  protected override sections() {
    const own = (this.command as { exits?: Readonly<Record<number, string>> }).exits ?? {};
    const body = [...rows({ 0: generalExits[0] ?? "", ...own }), pointer];
    return [...super.sections(), { header: "EXIT CODES", generate: () => ({ header: "EXIT CODES", body }) }];
  }
}

const pointer: [string, string] = ["…", "for all others, see localkube --help"];

const rows = (codes: Readonly<Record<number, string>>): [string, string][] =>
  Object.entries(codes).map(([code, meaning]) => [code, meaning]);
