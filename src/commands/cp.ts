import * as Args from "@oclif/core/args";
import process from "node:process";
import { BaseCommand, nodeFlag } from "../cli/base-command.ts";

export default class Cp extends BaseCommand<typeof Cp> {
  static override summary = "Copy a file or folder into the machine or out of it";
  static override description =
    "One of the two is a path of the machine: `:/path`, or `NAME:/path` for that profile's machine. Modes and times are kept, missing folders are created, and if the target is an existing folder (or ends with /), the source is copied into it. A file of this host with a colon in its name is written ./a:b.";
  static override examples = [
    "<%= config.bin %> cp hosts.txt :/etc/hosts.d/mine.txt",
    "<%= config.bin %> cp two:/var/lib/etcd ./etcd-of-two",
    "<%= config.bin %> cp ./manifests :/root/ --output json",
  ];
  static override flags = { node: nodeFlag() };
  static override args = {
    source: Args.string({ required: true, description: "What to copy" }),
    target: Args.string({ required: true, description: "Where to" }),
  };

  override async run(): Promise<void> {
    const { copyPaths } = await import("../cluster/machine/copy-paths.ts");
    const { copy } = await import("../cluster/machine/copy.ts");
    const { source, target } = this.args;
    const profile = { name: this.flags.profile, given: this.sources["profile"] === "flag" };
    const showProgress = this.flags.output === "text" && process.stdout.isTTY;
    const paths = copyPaths(source, target, profile);
    const result = await copy(paths, this.flags.node, showProgress, this.quietUseCase());
    this.print(result, () => `Copied ${result.from} to ${result.to}`);
  }
}
