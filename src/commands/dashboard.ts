import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";

export default class Dashboard extends BaseCommand<typeof Dashboard> {
  static override summary = "Show all clusters on a page in the browser, until Ctrl-C";
  static override description =
    "Serves a page of localkube's own on 127.0.0.1: clusters, nodes, pods with their logs, events, addons and the last start, live, for every cluster and driver. The URL works once, and is opened in the desktop's browser if there is one. The page can change nothing unless --write is given; then it switches addons.";
  static override examples = [
    "<%= config.bin %> dashboard",
    "<%= config.bin %> dashboard --url",
    "<%= config.bin %> dashboard --write --port 8001",
  ];
  static override flags = {
    url: Flags.boolean({ summary: "Only print the URL, and open no browser" }),
    write: Flags.boolean({ summary: "Let the page enable and disable addons" }),
    port: Flags.integer({
      helpValue: "NUMBER",
      summary: "Port of this host; 0 takes any free one",
      default: 0,
      min: 0,
      max: 65_535,
    }),
  };

  override async run(): Promise<void> {
    const { dashboard } = await import("../cluster/dashboard/dashboard.ts");
    const { profile, url: isUrlOnly, write, port } = this.flags;
    await dashboard({ profile, port, write, browser: !isUrlOnly }, this.quietUseCase(), (opened) =>
      this.print(opened, () =>
        isUrlOnly ? opened.url : `${opened.url} shows all clusters (it works once); Ctrl-C ends it`,
      ),
    );
  }
}
