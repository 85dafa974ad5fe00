import * as Flags from "@oclif/core/flags";
import { addonArg } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";

export default class AddonsOpen extends BaseCommand<typeof AddonsOpen> {
  static override summary = "Open what an addon shows to browsers, until Ctrl-C";
  static override description =
    "Forwards a port of 127.0.0.1 to the addon's Service over the SSH connection, and opens it in the desktop's browser if there is one. The URL is printed in any case.";
  static override examples = [
    "<%= config.bin %> addons open monitoring",
    "<%= config.bin %> addons open dashboard --url",
  ];
  static override args = addonArg;
  static override flags = {
    url: Flags.boolean({ summary: "Only print the URL, and open no browser" }),
  };
  static override exits = { 66: "no such addon, it is not enabled, or it shows nothing" };

  override async run(): Promise<void> {
    const { openAddon, openBrowser } = await import("../../cluster/addons/open.ts");
    const { profile, url: isUrlOnly } = this.flags;
    await openAddon(profile, this.args.name, this.quietUseCase(), async (opened) => {
      this.print(opened, () =>
        isUrlOnly ? opened.url : `${opened.url} leads to ${opened.addon} of ${opened.name}; Ctrl-C ends it`,
      );
      if (!isUrlOnly) await openBrowser(opened.url, this.host);
    });
  }
}
