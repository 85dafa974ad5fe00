import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { loadSettings, saveSettings } from "../cli/settings.ts";
import type { DeleteResult } from "../cluster/start/delete.ts";
import { defaultProfile } from "../spec/parse/profile-name.ts";

export default class Delete extends BaseCommand<typeof Delete> {
  static override summary = "Delete a cluster and everything localkube created for it";
  static override examples = [
    "<%= config.bin %> delete",
    "<%= config.bin %> delete -p two",
    "<%= config.bin %> delete --all",
    "<%= config.bin %> delete --all --purge",
  ];
  static override flags = {
    all: Flags.boolean({ summary: "All clusters of this user" }),
    forget: Flags.boolean({
      summary: "Remove local state only (for unreachable machines); prints what is left behind",
      exclusive: ["all"],
    }),
    purge: Flags.boolean({
      summary:
        "Also remove the settings and the cache of downloads and images; files that localkube did not create are kept",
      dependsOn: ["all"],
    }),
  };

  protected override doesWithoutSettings(): boolean {
    return this.flags.all || super.doesWithoutSettings();
  }

  override async run(): Promise<void> {
    const { all, purge } = this.flags;
    const { result: deleted, isReset } = await this.resettingProfile(() => this.delete());
    const { removed, kept } = purge
      ? await (await import("../cluster/start/purge.ts")).purge(this.quietUseCase())
      : { removed: [], kept: [] };
    const result = { deleted, purged: removed, ...(purge ? { kept } : {}) };
    this.print(isReset ? { ...result, profile: defaultProfile } : result, () =>
      [
        ...deleted.map(({ name, existed }) =>
          existed ? `Cluster ${name} is deleted` : `There was no cluster ${name}`,
        ),
        ...(all && deleted.length === 0 ? ["There was no cluster"] : []),
        ...(isReset ? [`Commands without --profile now work on ${defaultProfile}`] : []),
        ...removed.map((what) => `Removed ${what}`),
        ...keptLines(kept),
      ].join("\n"),
    );
  }

  private async delete(): Promise<readonly DeleteResult[]> {
    const { deleteAll, deleteCluster } = await import("../cluster/start/delete.ts");
    const { profile, all, forget } = this.flags;
    return all
      ? deleteAll(this.quietUseCase())
      : [await deleteCluster(profile, this.quietUseCase(), { forget })];
  }

  /** Resets the default profile if `work` deleted it, also when `work` failed at another one. */
  private async resettingProfile<T>(work: () => Promise<T>): Promise<{ result: T; isReset: boolean }> {
    const { hasRecord } = await import("../state/store.ts");
    const stored = this.storedProfile();
    const wasThere = stored !== undefined && (await hasRecord(this.host, stored));
    const reset = async (): Promise<boolean> => {
      const isMeant = stored === this.flags.profile && !this.flags.all;
      if (stored === undefined || !(wasThere || isMeant) || (await hasRecord(this.host, stored)))
        return false;
      const others = Object.entries(loadSettings(this.host)).filter(([key]) => key !== "profile");
      await saveSettings(this.host, Object.fromEntries(others));
      return stored !== defaultProfile;
    };
    try {
      const result = await work();
      return { result, isReset: await reset() };
    } catch (error) {
      await reset();
      throw error;
    }
  }

  /** Undefined when the settings cannot be read: then they are not changed either. */
  private storedProfile(): string | undefined {
    try {
      return loadSettings(this.host)["profile"];
    } catch {
      return undefined;
    }
  }
}

const mostKeptLines = 10;

function keptLines(kept: readonly string[]): readonly string[] {
  const lines = kept.slice(0, mostKeptLines).map((path) => `Kept ${path}: localkube did not create it`);
  const more = kept.length - lines.length;
  return more > 0 ? [...lines, `Kept ${more} more (see them with --output json)`] : lines;
}
