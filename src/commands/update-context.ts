import { BaseCommand } from "../cli/base-command.ts";

export default class UpdateContext extends BaseCommand<typeof UpdateContext> {
  static override summary = "Write the cluster's entry into your kubeconfig again";
  static override examples = ["<%= config.bin %> update-context", "<%= config.bin %> update-context -p two"];

  override async run(): Promise<void> {
    const { updateContext } = await import("../cluster/access/update-context.ts");
    const result = await updateContext(this.flags.profile, this.quietUseCase());
    this.print(result, () =>
      result.changed
        ? `Updated the context ${result.name} in ${result.file}`
        : `The context ${result.name} in ${result.file} is right`,
    );
  }
}
