import { BaseCommand } from "../cli/base-command.ts";

export default class Unpause extends BaseCommand<typeof Unpause> {
  static override summary = "Let a paused cluster go on";
  static override examples = ["<%= config.bin %> unpause", "<%= config.bin %> unpause -p two"];

  override async run(): Promise<void> {
    const { setPaused } = await import("../cluster/life/pause.ts");
    const result = await setPaused(this.flags.profile, false, this.quietUseCase());
    this.print(result, () => `Cluster ${result.name} goes on`);
  }
}
