import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";

export default class ImageLs extends BaseCommand<typeof ImageLs> {
  static override summary = "List the images in the cluster's node";
  static override examples = ["<%= config.bin %> image ls", "<%= config.bin %> image ls --output json"];
  static override flags = { node: nodeFlag() };

  override async run(): Promise<void> {
    const { listImages } = await import("../../cluster/images/list.ts");
    const images = await listImages({ name: this.flags.profile, node: this.flags.node }, this.quietUseCase());
    this.print({ name: this.flags.profile, images }, () =>
      textTable(
        ["IMAGE", "DIGEST", "SIZE"],
        images.map(({ ref, digest, size }) => [ref, digest.slice(0, "sha256:".length + 12), size]),
      ),
    );
  }
}
