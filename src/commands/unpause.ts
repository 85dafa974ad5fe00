import { BaseCommand } from "../cli/base-command.ts";

export default class Unpause extends BaseCommand<typeof Unpause> {
  static override summary = "Resume a paused cluster";
  static override examples = ["<%= config.bin %> unpause", "<%= config.bin %> unpause -p two"];

  override async run(): Promise<void> {
    const { setPaused } = await import("../cluster/life/pause.ts");
    const result = await setPaused(this.flags.profile, false, this.quietUseCase());
    this.print(result, () => `Cluster ${result.name} is running again`);
  }
}
