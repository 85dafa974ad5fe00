import * as Args from "@oclif/core/args";
import process from "node:process";
import { ConfigCommand } from "../../cli/config-command.ts";
import { loadSettings } from "../../cli/settings.ts";
import { exitCodes } from "../../contract/errors/entry.ts";

export default class ConfigGet extends ConfigCommand<typeof ConfigGet> {
  static override summary = "Print the stored default of a flag";
  static override examples = ["<%= config.bin %> config get cpus"];
  static override exits = { [exitCodes.notFound]: "the setting is not stored" };
  static override args = { key: Args.string({ description: "Name of the setting", required: true }) };

  override async run(): Promise<void> {
    const { key } = this.args;
    await this.settingFlag(key);
    const value = loadSettings(this.host)[key];
    if (value === undefined) process.exitCode = exitCodes.notFound;
    this.print({ key, value: value ?? null }, () => value ?? "");
  }
}
