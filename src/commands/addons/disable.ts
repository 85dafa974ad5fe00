import * as Flags from "@oclif/core/flags";
import { addonArg, addonWords } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import type { DisabledAddon } from "../../cluster/addons/disable.ts";

export default class AddonsDisable extends BaseCommand<typeof AddonsDisable> {
  static override summary = "Disable addons and remove everything of them";
  static override description =
    "What may hold data of yours stays and is named: volumes, namespaces and kinds with objects of yours in them. If the cluster does not run, the next start removes the addons.";
  static override examples = [
    "<%= config.bin %> addons disable ingress",
    "<%= config.bin %> addons disable registry storage --purge",
  ];
  static override args = addonArg;
  static override flags = {
    purge: Flags.boolean({ summary: "Also remove what may hold data" }),
  };
  static override usage = "addons disable NAME… [--purge]";
  static override strict = false;
  static override exits = { 66: "no such addon, or no such cluster", 75: "something of it does not go" };

  override async run(): Promise<void> {
    const addons = addonWords("addons disable", this.words);
    const { disableAddons } = await import("../../cluster/addons/disable.ts");
    const { profile: name, purge } = this.flags;
    const result = await disableAddons({ name, addons, purge }, await this.useCase());
    this.print(result, () => result.addons.flatMap((one) => lines(one, result.name)).join("\n"));
  }
}

function lines({ name, outcome, kept }: DisabledAddon, cluster: string): readonly string[] {
  switch (outcome) {
    case "absent":
      return [`${name} is not enabled`];
    case "recorded":
      return [`${name} will be removed at the next start of ${cluster}`];
    case "disabled":
      return [`Disabled ${name}`, ...kept.map((sentence) => `  ${sentence}`)];
  }
}
