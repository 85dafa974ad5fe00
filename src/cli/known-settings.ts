import type { Command, Interfaces } from "@oclif/core";
import { commandLineOnly } from "./flags-from-environment.ts";

/** What makes sense only once is never a stored default; nor is what `commandLineOnly` names. */
const once = new Set(["dry-run", "download-only", "config", "timeline", "help"]);

export type KnownSettings = Readonly<Record<string, Command.Flag>>;

/** The settings there are, by name: the flags of `start` and the global ones, with their parsers. */
export async function knownSettings(plugin: Interfaces.Plugin, self: typeof Command): Promise<KnownSettings> {
  const start = plugin.commandIDs.includes("start") ? await plugin.findCommand("start") : undefined;
  const flags = { ...self.baseFlags, ...start?.baseFlags, ...start?.flags } as Record<string, Command.Flag>;
  return Object.fromEntries(
    Object.entries(flags).filter(
      ([name, flag]) => !once.has(name) && !commandLineOnly.has(name) && !flag.hidden,
    ),
  );
}
