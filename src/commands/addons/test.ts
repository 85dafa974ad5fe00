import { addonArg, waitTimeoutFlag, waitTimeoutMs } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";

export default class AddonsTest extends BaseCommand<typeof AddonsTest> {
  static override summary = "See whether an enabled addon works, and say what was done and seen";
  static override description =
    "Does what enabling it does at its end: waits until everything of it is ready, then uses it. What that makes is removed again.";
  static override examples = [
    "<%= config.bin %> addons test metrics",
    "<%= config.bin %> addons test storage --output json",
  ];
  static override args = addonArg;
  static override flags = { "wait-timeout": waitTimeoutFlag };
  static override exits = {
    66: "no such addon, or it is not enabled",
    69: "it is not ready, or does not work",
  };

  override async run(): Promise<void> {
    const { testAddon } = await import("../../cluster/addons/test.ts");
    const limitMs = waitTimeoutMs(this.flags["wait-timeout"]);
    const result = await testAddon(this.flags.profile, this.args.name, limitMs, await this.useCase());
    this.print(
      result,
      () => `${result.addon} works: ${result.seen} (${(result.milliseconds / 1000).toFixed(1)} s)`,
    );
  }
}
