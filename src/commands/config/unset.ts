import * as Args from "@oclif/core/args";
import { ConfigCommand } from "../../cli/config-command.ts";
import { loadSettings, saveSettings } from "../../cli/settings.ts";

export default class ConfigUnset extends ConfigCommand<typeof ConfigUnset> {
  static override summary = "Remove the stored default of a flag";
  static override examples = ["<%= config.bin %> config unset cpus"];
  static override args = { key: Args.string({ description: "Name of the setting", required: true }) };

  override async run(): Promise<void> {
    const { key } = this.args;
    const { [key]: value, ...others } = loadSettings(this.host);
    // A stored name can be removed even when this version no longer knows it.
    if (value === undefined) await this.settingFlag(key);
    else await saveSettings(this.host, others);
    this.print({ key, removed: value !== undefined }, () =>
      value === undefined ? `${key} was not set` : `${key} is no longer set (was ${value})`,
    );
  }
}
