import { BaseCommand } from "../../cli/base-command.ts";
import { autostartText } from "./status.ts";

export default class AutostartEnable extends BaseCommand<typeof AutostartEnable> {
  static override summary = "Start the cluster at boot (systemd user unit)";
  static override description =
    "Writes ~/.config/systemd/user/localkube-NAME.service. User units start at login; to have them start at boot: loginctl enable-linger. Other systems: docs/autostart.md.";
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
