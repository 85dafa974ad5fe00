import { BaseCommand } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";

export default class AddonsList extends BaseCommand<typeof AddonsList> {
  static override summary = "List all addons with their state in the cluster";
  static override description =
    "healthy: seen to work. degraded: something of it is not ready, or it was last seen not to work. drifted: an object of it was removed or made again. outdated: this localkube has another version. enabled: on record, but the cluster does not run. An addon marked with a star is a small program of localkube's own in place of the project's; `addons show` says what it does.";
  static override examples = ["<%= config.bin %> addons list", "<%= config.bin %> addons list --output json"];

  override async run(): Promise<void> {
    const { listAddons } = await import("../../cluster/addons/look.ts");
    const result = await listAddons(this.flags.profile, this.quietUseCase());
    this.print(result, () =>
      result.addons.length === 0
        ? "There are no addons"
        : [
            textTable(
              ["ADDON", "STATE", "VERSION", "MEMORY", "NEEDS", "WHAT IT IS"],
              result.addons.map(({ name, state, version, standIn, memoryMiB, needs, summary }) => [
                name,
                state,
                version === undefined ? "-" : `${version}${standIn === undefined ? "" : " *"}`,
                `${memoryMiB} MiB`,
                needs.join(",") || "-",
                summary,
              ]),
            ),
            ...result.addons.flatMap(({ name, problem }) =>
              problem === undefined ? [] : [`${name}: ${problem}`],
            ),
          ].join("\n"),
    );
  }
}
