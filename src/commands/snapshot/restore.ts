import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { confirm } from "../../cli/standard-streams.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export default class SnapshotRestore extends BaseCommand<typeof SnapshotRestore> {
  static override summary = "Restore the cluster from a snapshot; data written since is lost";
  static override description =
    "A snapshot with memory restores a running cluster, whose pods continue from that moment; a snapshot of the disk alone restores a stopped cluster.";
  static override examples = [
    "<%= config.bin %> snapshot restore before-upgrade",
    "<%= config.bin %> snapshot restore before-upgrade --yes",
  ];
  static override flags = {
    yes: Flags.boolean({ char: "y", summary: "Do not ask before discarding newer data" }),
  };
  static override args = { name: Args.string({ description: "Name of the snapshot", required: true }) };

  override async run(): Promise<void> {
    const { profile, yes } = this.flags;
    const { name: snapshot } = this.args;
    const question = `Put ${profile} back to ${snapshot} and lose what it wrote since?`;
    if (!(await confirm(question, yes, this.signal)))
      throw new LocalkubeError("RESTORE_NOT_CONFIRMED", { snapshot });
    const { restoreSnapshot } = await import("../../cluster/life/snapshots.ts");
    const result = await restoreSnapshot(profile, snapshot, this.quietUseCase());
    this.print(
      result,
      () => `Cluster ${result.name} is back at ${snapshot} and ${result.running ? "runs" : "is stopped"}`,
    );
  }
}
