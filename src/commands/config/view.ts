import { ConfigCommand } from "../../cli/config-command.ts";
import { loadSettings } from "../../cli/settings.ts";
import { homePaths } from "../../state/paths.ts";

export default class ConfigView extends ConfigCommand<typeof ConfigView> {
  static override summary = "Print all stored defaults of flags";
  static override examples = ["<%= config.bin %> config view", "<%= config.bin %> config view --output json"];

  override run(): Promise<void> {
    const settings = loadSettings(this.host);
    const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
    this.print({ file: homePaths(this.host).settings, settings }, () => lines.join("\n"));
    return Promise.resolve();
  }
}
