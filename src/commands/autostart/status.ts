import { BaseCommand } from "../../cli/base-command.ts";
import { autostartText } from "../../cli/autostart-text.ts";

export default class AutostartStatus extends BaseCommand<typeof AutostartStatus> {
  static override summary = "Show whether the cluster starts at boot";
  static override examples = [
    "<%= config.bin %> autostart status",
    "<%= config.bin %> autostart status --output json",
  ];

  override async run(): Promise<void> {
    const { autostart } = await import("../../cluster/autostart/autostart.ts");
    const result = await autostart(this.flags.profile, this.quietUseCase());
    this.print(result, () => autostartText(result));
  }
}
