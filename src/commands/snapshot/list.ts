import { BaseCommand } from "../../cli/base-command.ts";
import { formatBytes } from "../../output/format.ts";
import { textTable } from "../../output/text-table.ts";

export default class SnapshotList extends BaseCommand<typeof SnapshotList> {
  static override summary = "List the cluster's snapshots";
  static override examples = [
    "<%= config.bin %> snapshot list",
    "<%= config.bin %> snapshot list --output json",
  ];

  override async run(): Promise<void> {
    const { listSnapshots } = await import("../../cluster/life/snapshots.ts");
    const result = await listSnapshots(this.flags.profile, this.quietUseCase());
    this.print(result, () => {
      if (result.snapshots.length === 0) return `Cluster ${result.name} has no snapshots`;
      const rows = result.snapshots.map(({ name, createdAt, memory, bytes }) => [
        name,
        createdAt,
        memory ? `disk and memory (${formatBytes(bytes)})` : "disk",
      ]);
      return textTable(["SNAPSHOT", "MADE", "OF"], rows);
    });
  }
}
