import type { Command } from "@oclif/core";
import { environmentName } from "./environment-name.ts";

/**
 * What help, completion, the manifest and the documentation need from a command: plain JSON including the global flags,
 * each flag with its environment variable.
 */
export function describeCommand(command: Command.Class, id: string): Command.Cached {
  const flags = Object.entries({ ...command.baseFlags, ...command.flags });
  const args = Object.entries(command.args ?? {});
  const described = {
    id,
    summary: command.summary,
    description: command.description,
    examples: command.examples ?? [],
    usage: command.usage,
    strict: command.strict,
    hidden: command.hidden ?? false,
    aliases: command.aliases ?? [],
    hiddenAliases: command.hiddenAliases ?? [],
    exits: (command as { exits?: unknown }).exits,
    args: Object.fromEntries(args.map(([name, arg]) => [name, { ...arg, name }])),
    flags: Object.fromEntries(
      flags.map(([name, flag]) => [name, { ...flag, name, env: environmentName(name) }]),
    ),
  };
  // The round trip through JSON drops everything that is not data: parsers and computed defaults.
  return JSON.parse(JSON.stringify(described)) as Command.Cached;
}
