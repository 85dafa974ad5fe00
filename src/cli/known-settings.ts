import type { Command, Interfaces } from "@oclif/core";
import { commandLineOnly } from "./flags-from-environment.ts";

/** Flags that make sense only for a single call are never stored defaults; neither are those in `commandLineOnly`. */
const once = new Set(["dry-run", "download-only", "config", "timeline", "help"]);

export type KnownSettings = Readonly<Record<string, Command.Flag>>;

/** All settings by name: the flags of `start` and the global flags, with their parsers. */
export async function knownSettings(plugin: Interfaces.Plugin, self: typeof Command): Promise<KnownSettings> {
  const start = plugin.commandIDs.includes("start") ? await plugin.findCommand("start") : undefined;
  const flags = { ...self.baseFlags, ...start?.baseFlags, ...start?.flags } as Record<string, Command.Flag>;
  return Object.fromEntries(
    Object.entries(flags).filter(
      ([name, flag]) => !once.has(name) && !commandLineOnly.has(name) && !flag.hidden,
    ),
  );
}
