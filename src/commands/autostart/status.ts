import { BaseCommand } from "../../cli/base-command.ts";
import { autostartText } from "../../cli/autostart-text.ts";

export default class AutostartStatus extends BaseCommand<typeof AutostartStatus> {
  static override summary = "Say whether the cluster starts with this host";
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
