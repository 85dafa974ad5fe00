import { BaseCommand } from "../cli/base-command.ts";

export default class Pause extends BaseCommand<typeof Pause> {
  static override summary = "Freeze the cluster: pods and control plane keep their memory and use no CPU";
  static override examples = ["<%= config.bin %> pause", "<%= config.bin %> pause -p two"];

  override async run(): Promise<void> {
    const { setPaused } = await import("../cluster/life/pause.ts");
    const result = await setPaused(this.flags.profile, true, this.quietUseCase());
    this.print(result, () => `Cluster ${result.name} is paused`);
  }
}
