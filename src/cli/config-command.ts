import type { Command, Interfaces } from "@oclif/core";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { didYouMean } from "../host/nearest-word.ts";
import { BaseCommand } from "./base-command.ts";
import { commandLineOnly } from "./flags-from-environment.ts";
import { installedDriverFlags } from "./spec-flags.ts";

/** What the `config` commands have in common. */
export abstract class ConfigCommand<T extends typeof Command> extends BaseCommand<T> {
  /** These commands must work when a stored value is invalid. */
  protected override readsSettings(): boolean {
    return false;
  }

  /** The flag that a setting corresponds to. Rejects with USAGE_UNKNOWN_SETTING or USAGE_COMMAND_LINE_ONLY. */
  protected async settingFlag(key: string): Promise<Command.Flag> {
    const plugin = [...this.config.plugins.values()][0];
    const known = plugin ? await knownSettings(plugin, this.ctor) : {};
    const names = Object.keys(known).sort();
    const flag = known[key];
    if (commandLineOnly.has(key)) throw new LocalkubeError("USAGE_COMMAND_LINE_ONLY", { key });
    if (!flag || !names.includes(key))
      throw new LocalkubeError("USAGE_UNKNOWN_SETTING", {
        key,
        hint: didYouMean(key, names),
        known: names.join(", "),
      });
    return flag;
  }
}

/** Flags that make sense only for a single call are never stored defaults; neither are those in `commandLineOnly`. */
const once = new Set(["dry-run", "download-only", "refresh-image", "config", "timeline", "help"]);

/** All settings by name: the flags of `start`, also those of drivers from npm, and the global flags, with their parsers. */
async function knownSettings(
  plugin: Interfaces.Plugin,
  self: typeof Command,
): Promise<Readonly<Record<string, Command.Flag>>> {
  const start = plugin.commandIDs.includes("start") ? await plugin.findCommand("start") : undefined;
  const own = { ...self.baseFlags, ...start?.baseFlags, ...start?.flags } as Record<string, Command.Flag>;
  const flags = { ...own, ...installedDriverFlags() };
  return Object.fromEntries(
    Object.entries(flags).filter(
      ([name, flag]) => !once.has(name) && !commandLineOnly.has(name) && !flag.hidden,
    ),
  );
}
