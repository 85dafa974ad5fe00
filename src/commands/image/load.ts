import * as Flags from "@oclif/core/flags";
import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export default class ImageLoad extends BaseCommand<typeof ImageLoad> {
  static override summary = "Load image archives of this host into the cluster's nodes";
  static override description =
    "FILE is what `podman save` or `docker save` write (docker-archive), or an OCI layout in a tar; gzip and zstd are decompressed. If the name exists already, pods started afterwards use the new image. Pods use what was loaded when their imagePullPolicy is IfNotPresent or Never. Names are loaded in full (alpine:3 is docker.io/library/alpine:3); an image without a name, or with a tag only, needs --name.";
  static override examples = [
    "<%= config.bin %> image load web.tar",
    "<%= config.bin %> image load -p two web.tar.gz worker.tar --output json",
    "<%= config.bin %> image load build.tar --name team/web:1.0",
  ];
  static override flags = {
    node: nodeFlag("all nodes"),
    name: Flags.string({
      summary: "Name of the image, instead of the names in the archive",
      description:
        "For an archive with one image. Without a tag it takes the one in the archive, or latest. It is read from the command line only.",
      helpValue: "NAME[:TAG]",
    }),
  };
  static override usage = "image load FILE… [--node NODE]";
  static override strict = false;

  override async run(): Promise<void> {
    if (this.words.length === 0)
      throw new LocalkubeError("USAGE_MISSING_ARGUMENT", { command: "image load", argument: "FILE" });
    const { loadImages } = await import("../../cluster/images/load.ts");
    // A name for one archive makes no sense as a stored default.
    const name = this.sources["name"] === "flag" ? this.flags.name : undefined;
    const archives = await loadImages(
      { name: this.flags.profile, node: this.flags.node },
      this.words,
      name,
      await this.useCase(),
    );
    this.print({ name: this.flags.profile, archives }, () =>
      archives.flatMap(({ file, refs }) => refs.map((ref) => `Loaded ${ref} from ${file}`)).join("\n"),
    );
  }
}
