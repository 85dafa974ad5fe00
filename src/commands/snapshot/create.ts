import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";

export default class SnapshotCreate extends BaseCommand<typeof SnapshotCreate> {
  static override summary =
    "Take a snapshot of the cluster: disk and memory if it is running, the disk alone if it is stopped";
  static override examples = [
    "<%= config.bin %> snapshot create before-upgrade",
    "<%= config.bin %> snapshot create -p two clean",
  ];
  static override args = {
    name: Args.string({
      description: "Name of the new snapshot: lower-case letters, digits, dots, dashes",
      required: true,
    }),
  };

  override async run(): Promise<void> {
    const { createSnapshot } = await import("../../cluster/life/snapshots.ts");
    const result = await createSnapshot(this.flags.profile, this.args.name, this.quietUseCase());
    this.print(result, () => `Snapshot ${result.snapshot} of ${result.name} is created`);
  }
}
