import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";

export default class Delete extends BaseCommand<typeof Delete> {
  static override summary = "Remove a cluster and everything localkube made for it";
  static override examples = [
    "<%= config.bin %> delete",
    "<%= config.bin %> delete -p two",
    "<%= config.bin %> delete --all",
    "<%= config.bin %> delete --all --purge",
  ];
  static override flags = {
    all: Flags.boolean({ summary: "Every cluster of this user" }),
    forget: Flags.boolean({
      summary:
        "Of a machine that cannot be reached: remove only what is on this computer, and tell what stays there",
      exclusive: ["all"],
    }),
    purge: Flags.boolean({
      summary: "Also the settings and the cache of downloads and images",
      dependsOn: ["all"],
    }),
  };

  override async run(): Promise<void> {
    const { deleteAll, deleteCluster } = await import("../cluster/delete.ts");
    const { profile, all, purge, forget } = this.flags;
    const deleted = all
      ? await deleteAll(this.quietUseCase())
      : [await deleteCluster(profile, this.quietUseCase(), { forget })];
    const purged = purge ? await (await import("../cluster/purge.ts")).purge(this.quietUseCase()) : [];
    this.print({ deleted, purged }, () =>
      [
        ...deleted.map(({ name, existed }) =>
          existed ? `Cluster ${name} is deleted` : `There was no cluster ${name}`,
        ),
        ...(all && deleted.length === 0 ? ["There was no cluster"] : []),
        ...purged.map((what) => `Removed ${what}`),
      ].join("\n"),
    );
  }
}
