import * as Args from "@oclif/core/args";
import { addonArg } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";

export default class AddonsImages extends BaseCommand<typeof AddonsImages> {
  static override summary = "List the images that addons want";
  static override description =
    "For the cluster's Kubernetes and artifacts; without a cluster, of every version. Images of localkube.local are made on this computer and come from no registry.";
  static override examples = [
    "<%= config.bin %> addons images",
    "<%= config.bin %> addons images ingress --output json",
  ];
  static override args = { name: Args.string({ ...addonArg.name, required: false }) };
  static override exits = { 66: "no such addon" };

  override async run(): Promise<void> {
    const { addonImages } = await import("../../cluster/addons/look.ts");
    const { profile } = this.flags;
    const images = await addonImages(profile, this.args.name, this.quietUseCase());
    this.print({ name: profile, images }, () =>
      images.length === 0
        ? "No images"
        : textTable(
            ["ADDON", "VERSION", "IMAGE"],
            images.map(({ addon, version, image }) => [addon, version, image]),
          ),
    );
  }
}
