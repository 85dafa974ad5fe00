import * as Args from "@oclif/core/args";
import { checkedSetting } from "../../cli/checked-setting.ts";
import { ConfigCommand } from "../../cli/config-command.ts";
import { parseValue } from "../../cli/flags-from-environment.ts";
import { loadSettings, saveSettings } from "../../cli/settings.ts";

export default class ConfigSet extends ConfigCommand<typeof ConfigSet> {
  static override summary = "Store the default of a flag";
  static override description =
    "Store the default of a flag. A flag on the command line, its environment variable and a --config file take precedence.";
  static override examples = [
    "<%= config.bin %> config set cpus 4",
    {
      description: "Several values of a repeatable flag",
      command: "<%= config.bin %> config set wait apiserver,node",
    },
  ];
  static override args = {
    key: Args.string({ description: "Name of a flag of start, or of a global one", required: true }),
    value: Args.string({ description: "The text that would follow --KEY=", required: true }),
  };

  override async run(): Promise<void> {
    const { key } = this.args;
    const flag = await this.settingFlag(key);
    const remedy = `See localkube start --help for --${key}`;
    const parsed = await parseValue(flag, this.args.value, { name: `setting ${key}`, remedy });
    const value = await checkedSetting(this.host, key, this.args.value, parsed);
    await saveSettings(this.host, { ...loadSettings(this.host), [key]: value });
    this.print({ key, value }, () => `${key} = ${value}`);
  }
}
