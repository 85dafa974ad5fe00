import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { loadSettings, saveSettings } from "../../cli/settings.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { defaultProfile, profileName } from "../../spec/parse/profile-name.ts";

export default class ProfileUse extends BaseCommand<typeof ProfileUse> {
  static override summary = "Choose the cluster that commands without --profile work on";
  static override examples = [
    "<%= config.bin %> profile use two",
    `<%= config.bin %> profile use ${defaultProfile}`,
  ];
  static override exits = { 66: "there is no such profile" };
  static override args = {
    name: Args.string({ description: "Name of an existing profile", required: true }),
  };

  /** A stored profile that no longer exists must not keep the user from choosing another one. */
  protected override readsSettings(): boolean {
    return false;
  }

  override async run(): Promise<void> {
    const name = profileName(this.args.name);
    const { listClusters } = await import("../../state/store.ts");
    const names = (await listClusters(this.host)).map((cluster) => cluster.name);
    if (name !== defaultProfile && !names.includes(name))
      throw new LocalkubeError("USAGE_UNKNOWN_PROFILE", { name, hint: didYouMean(name, names) });
    await saveSettings(this.host, { ...loadSettings(this.host), profile: name });
    this.print({ profile: name }, () => `Commands without --profile now work on ${name}`);
  }
}
