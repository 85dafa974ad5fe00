import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";

export default class Resume extends BaseCommand<typeof Resume> {
  static override summary = "Resume a suspended cluster where it left off";
  static override examples = ["<%= config.bin %> resume", "<%= config.bin %> resume -p two --discard"];
  static override flags = {
    discard: Flags.boolean({
      summary: "Discard the saved memory instead; the machine is then stopped, as after a power cut",
    }),
  };

  override async run(): Promise<void> {
    const { resume } = await import("../cluster/life/suspend.ts");
    const { profile, discard } = this.flags;
    const result = await resume(profile, discard, this.quietUseCase());
    const { name, resumed, seconds } = result;
    this.print(result, () =>
      discard
        ? `Cluster ${name} is stopped; its saved memory is gone`
        : resumed
          ? `Cluster ${name} is running again after ${seconds.toFixed(1)} s`
          : `Cluster ${name} was running`,
    );
  }
}
