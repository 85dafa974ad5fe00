import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import { formatDigest } from "../../contract/digest.ts";
import { formatBytes } from "../../output/format.ts";
import { textTable } from "../../output/text-table.ts";

const shortDigest = (digest: string): string => digest.slice(0, "sha256:".length + 12);

export default class ImageLs extends BaseCommand<typeof ImageLs> {
  static override summary = "List the images in the cluster's node";
  static override description =
    "ID is the same for all names of an image, REGISTRY DIGEST the one under which the image's registry has it, where that is known.";
  static override examples = ["<%= config.bin %> image ls", "<%= config.bin %> image ls --output json"];
  static override flags = { node: nodeFlag() };

  override async run(): Promise<void> {
    const { listImages } = await import("../../cluster/images/node-images.ts");
    const found = await listImages({ name: this.flags.profile, node: this.flags.node }, this.quietUseCase());
    const images = found.map(({ ref, id, bytes, registryDigest }) => ({
      ref,
      id: formatDigest(id),
      bytes,
      ...(registryDigest ? { registryDigest: formatDigest(registryDigest) } : {}),
    }));
    this.print({ name: this.flags.profile, images }, () =>
      textTable(
        ["IMAGE", "ID", "SIZE", "REGISTRY DIGEST"],
        images.map(({ ref, id, bytes, registryDigest }) => [
          ref,
          shortDigest(id),
          formatBytes(bytes),
          registryDigest ? shortDigest(registryDigest) : "-",
        ]),
      ),
    );
  }
}
