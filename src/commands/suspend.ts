import { BaseCommand } from "../cli/base-command.ts";

export default class Suspend extends BaseCommand<typeof Suspend> {
  static override summary = "Write the running cluster's memory to disk and power its machine off";
  static override description =
    "localkube resume continues where it was: pods keep their memory. Virtual machines only; see localkube pause for containers.";
  static override examples = ["<%= config.bin %> suspend", "<%= config.bin %> suspend -p two"];

  override async run(): Promise<void> {
    const { suspend } = await import("../cluster/life/suspend.ts");
    const result = await suspend(this.flags.profile, this.quietUseCase());
    this.print(result, () =>
      result.suspended
        ? `Cluster ${result.name} is suspended`
        : `Cluster ${result.name} was suspended already`,
    );
  }
}
