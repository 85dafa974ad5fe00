import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { formatBytes } from "../../output/format.ts";

export default class MirrorBuild extends BaseCommand<typeof MirrorBuild> {
  static override summary = "Build Kubernetes from Debian's source package into a mirror";
  static override description =
    "Compiles Kubernetes v1.20.2 in a Debian root of its own, which takes some minutes once; an interrupted build continues where it stopped. Needs root and mmdebstrap.";
  static override examples = ["<%= config.bin %> mirror build /srv/mirror --from debian"];
  static override args = { dir: Args.string({ required: true, description: "Folder; created if missing" }) };
  static override flags = {
    from: Flags.option({ options: ["debian"] as const })({ summary: "Whose source", default: "debian" }),
  };

  protected override doesWithoutSettings(): boolean {
    return true;
  }

  override async run(): Promise<void> {
    const { build } = await import("../../cluster/mirror/mirror.ts");
    const result = await build(this.args.dir, this.flags.from, await this.useCase());
    const { folder, files, bytes, added } = result;
    this.print(
      result,
      () => `${folder} has the Debian artifacts: ${files} files, ${formatBytes(bytes)}, ${added} of them new`,
    );
  }
}
