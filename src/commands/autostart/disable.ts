import { BaseCommand } from "../../cli/base-command.ts";
import { autostartText } from "./status.ts";

export default class AutostartDisable extends BaseCommand<typeof AutostartDisable> {
  static override summary = "No longer start the cluster at boot; the cluster is not changed";
  static override examples = ["<%= config.bin %> autostart disable -p two"];

  override async run(): Promise<void> {
    const { disableAutostart } = await import("../../cluster/autostart/autostart.ts");
    const result = await disableAutostart(this.flags.profile, this.quietUseCase());
    this.print(result, () => autostartText(result));
  }
}
