import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { addonArg, waitTimeoutFlag, waitTimeoutMs } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";

export default class AddonsUpgrade extends BaseCommand<typeof AddonsUpgrade> {
  static override summary = "Bring enabled addons to the versions of this localkube, and see them work";
  static override description =
    "All that the cluster has, unless some are named. Options stay as they are. A start does the same.";
  static override examples = [
    "<%= config.bin %> addons upgrade",
    "<%= config.bin %> addons upgrade metrics --atomic",
  ];
  static override args = { name: Args.string({ ...addonArg.name, required: false }) };
  static override flags = {
    atomic: Flags.boolean({ summary: "If one fails, bring all of them back to what they were before" }),
    "wait-timeout": waitTimeoutFlag,
  };
  static override usage = "addons upgrade [NAME…] [--atomic]";
  static override strict = false;
  static override exits = {
    66: "no such addon, or it is not enabled",
    69: "it does not become ready, does not work, or the cluster does not run",
  };

  override async run(): Promise<void> {
    const { upgradeAddons } = await import("../../cluster/addons/upgrade.ts");
    const { profile: name, atomic } = this.flags;
    const limitMs = waitTimeoutMs(this.flags["wait-timeout"]);
    const request = { name, atomic, limitMs, addons: [...new Set(this.words)] };
    const result = await upgradeAddons(request, await this.useCase());
    this.print(result, () => {
      const lines = result.addons.map(({ name: addon, from, to, outcome, seen }) =>
        outcome === "current"
          ? `${addon} ${to} is the version of this localkube`
          : `Upgraded ${addon} from ${from} to ${to}${seen === undefined ? "" : `: ${seen}`}`,
      );
      return lines.length === 0 ? "There is nothing to upgrade" : lines.join("\n");
    });
  }
}
