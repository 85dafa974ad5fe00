import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export default class ImageRm extends BaseCommand<typeof ImageRm> {
  static override summary = "Remove images from the cluster's node";
  static override description =
    "REF may be short: nginx is docker.io/library/nginx:latest. If one of them does not exist, nothing is removed.";
  static override examples = [
    "<%= config.bin %> image rm localhost/web:1",
    "<%= config.bin %> image rm -p two nginx docker.io/library/busybox:1.36",
  ];
  static override flags = { node: nodeFlag() };
  static override usage = "image rm REF…";
  static override strict = false;
  static override exits = { 66: "no such image, or no such cluster" };

  override async run(): Promise<void> {
    if (this.words.length === 0)
      throw new LocalkubeError("USAGE_MISSING_ARGUMENT", { command: "image rm", argument: "REF" });
    const { removeImages } = await import("../../cluster/images/node-images.ts");
    const removed = await removeImages(
      { name: this.flags.profile, node: this.flags.node },
      this.words,
      this.quietUseCase(),
    );
    this.print({ name: this.flags.profile, removed }, () =>
      removed.map((ref) => `Removed ${ref}`).join("\n"),
    );
  }
}
