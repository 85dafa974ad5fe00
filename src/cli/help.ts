import { CommandHelp, Help } from "@oclif/core/help";
import type { Command, Interfaces } from "@oclif/core";
import { installedDriverFlags } from "./driver-flags.ts";
import { generalExits } from "./general-exits.ts";

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
