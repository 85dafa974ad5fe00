import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";

export default class Stop extends BaseCommand<typeof Stop> {
  static override summary = "Power the cluster's machine off; all data stays";
  static override examples = ["<%= config.bin %> stop", "<%= config.bin %> stop -p two --grace 60"];
  static override flags = {
    grace: Flags.integer({
      summary: "Seconds to wait for an orderly shutdown before forcing it",
      default: 30,
      min: 0,
    }),
  };

  override async run(): Promise<void> {
    const { stop } = await import("../cluster/life/stop.ts");
    const result = await stop(this.flags.profile, this.flags.grace, this.quietUseCase());
    this.print(result, () =>
      result.stopped ? `Cluster ${result.name} is stopped` : `Cluster ${result.name} was not running`,
    );
  }
}
