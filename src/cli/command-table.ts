import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Command, Interfaces } from "@oclif/core";
import { packageRoot } from "../host/package-root.ts";
import { environmentName } from "./flags-from-environment.ts";

type Topic = Interfaces.Plugin["topics"][number];

const fromSource = import.meta.url.endsWith(".ts");
const manifestFile = (): string => join(packageRoot(), "oclif.manifest.json");

/**
 * Our commands in the form oclif expects of a plugin. Unlike oclif's own `Plugin` it searches nothing: descriptions
 * come from the manifest, and a command's module is loaded only when that command runs.
 */
export class CommandTable implements Interfaces.Plugin {
  readonly _base = "localkube";
  readonly alias: string;
  readonly commandIDs: string[];
  readonly commands: Command.Loadable[];
  readonly commandsDir = undefined;
  readonly hasManifest = !fromSource;
  readonly hooks = {};
  readonly isRoot = true;
  readonly moduleType = "module";
  readonly name: string;
  readonly options: { root: string };
  readonly pjson: Interfaces.PJSON;
  readonly root: string;
  readonly topics: Topic[];
  readonly type = "core";
  readonly valid = true;
  readonly version: string;

  private constructor(pjson: Interfaces.PJSON, described: readonly Command.Cached[]) {
    this.pjson = pjson;
    this.name = this.alias = pjson.name;
    this.version = pjson.version;
    this.root = packageRoot();
    this.options = { root: this.root };
    this.topics = Object.entries(pjson.oclif.topics ?? {}).map(([name, topic]) => ({ ...topic, name }));
    this.commands = described.map((command) => ({ ...command, load: () => this.findCommand(command.id) }));
    this.commandIDs = described.map((command) => command.id);
  }

  /** From the manifest; when running from source, from the command modules themselves. */
  static open(pjson: Interfaces.PJSON): CommandTable {
    return new CommandTable(pjson, fromSource ? describeAll(sourceIds()) : readManifest());
  }

  load(): Promise<void> {
    return Promise.resolve();
  }

  findCommand(id: string): Promise<Command.Class> {
    return Promise.resolve(loadCommand(id));
  }
}

/** Descriptions of the commands with these ids (`config:set`), in the given order; loads all their modules. */
export function describeAll(ids: readonly string[]): Command.Cached[] {
  return ids.map((id) => describeCommand(loadCommand(id), id));
}

function readManifest(): Command.Cached[] {
  const manifest = JSON.parse(readFileSync(manifestFile(), "utf8")) as Interfaces.Manifest;
  return Object.values(manifest.commands);
}

function sourceIds(): string[] {
  const files = readdirSync(join(packageRoot(), "src/commands"), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3).replaceAll(/[/\\]/g, ":"));
}

/** `require` can also load ES modules, without the overhead of `import()`. */
function loadCommand(id: string): Command.Class {
  const [folder, ending] = fromSource ? ["src/commands", ".ts"] : ["dist/src/commands", ".js"];
  const file = join(packageRoot(), folder, ...id.split(":")) + ending;
  const module = createRequire(import.meta.url)(file) as { default: Command.Class };
  module.default.id = id;
  return module.default;
}

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
