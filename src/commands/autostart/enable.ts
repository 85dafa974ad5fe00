import { BaseCommand } from "../../cli/base-command.ts";
import { autostartText } from "../../cli/autostart-text.ts";

export default class AutostartEnable extends BaseCommand<typeof AutostartEnable> {
  static override summary = "Start the cluster with this host, by a unit of your own systemd";
  static override description =
    "Writes ~/.config/systemd/user/localkube-NAME.service. Units of a user start at the login; to have them start with the host: loginctl enable-linger. Other systems: docs/autostart.md.";
  static override examples = [
    "<%= config.bin %> autostart enable",
    "<%= config.bin %> autostart enable -p two",
  ];

  override async run(): Promise<void> {
    const { enableAutostart } = await import("../../cluster/autostart/autostart.ts");
    const result = await enableAutostart(this.flags.profile, this.quietUseCase());
    this.print(result, () => autostartText(result));
  }
}
