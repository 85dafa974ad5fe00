import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";

export default class SnapshotDelete extends BaseCommand<typeof SnapshotDelete> {
  static override summary = "Delete a snapshot; the cluster is not changed";
  static override examples = ["<%= config.bin %> snapshot delete before-upgrade"];
  static override args = { name: Args.string({ description: "Name of the snapshot", required: true }) };

  override async run(): Promise<void> {
    const { deleteSnapshot } = await import("../../cluster/life/snapshots.ts");
    const result = await deleteSnapshot(this.flags.profile, this.args.name, this.quietUseCase());
    this.print(result, () => `Snapshot ${result.snapshot} of ${result.name} is deleted`);
  }
}
