import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { artifactSources } from "../../contract/cluster-spec.ts";
import { formatBytes } from "../../output/format.ts";

export default class MirrorPull extends BaseCommand<typeof MirrorPull> {
  static override summary = "Download everything one Kubernetes version needs into a folder";
  static override description =
    "The folder can then be copied to a machine without internet, or served by any web server: start --mirror DIR|URL takes everything from it. Several versions may share one folder; what exists already is not downloaded again.";
  static override examples = [
    "<%= config.bin %> mirror pull /srv/mirror",
    "<%= config.bin %> mirror pull /srv/mirror --kubernetes-version v1.36.5 --artifacts upstream",
    "<%= config.bin %> mirror pull /srv/mirror --addons storage,metrics",
    "<%= config.bin %> start --mirror /srv/mirror",
  ];
  static override args = { dir: Args.string({ required: true, description: "Folder; created if missing" }) };
  static override flags = {
    "kubernetes-version": Flags.string({
      summary: "For example v1.36.5; default: the newest stable one the artifacts offer",
      helpValue: "VERSION",
      default: "",
    }),
    artifacts: Flags.option({ options: ["auto", ...artifactSources] as const })({
      summary: "Where Kubernetes comes from",
      default: "auto",
    }),
    addons: Flags.string({
      summary:
        "Also the images of these addons, separated by commas, and of what they need; 'none' leaves out those that a new cluster has",
      helpValue: "NAMES",
      default: "",
    }),
    mirror: Flags.string({ summary: "Take it from another mirror", helpValue: "DIR|URL", default: "" }),
  };

  protected override usesStoredDefaults(): boolean {
    return true;
  }

  override async run(): Promise<void> {
    const { pull } = await import("../../cluster/mirror/mirror.ts");
    const { artifacts, mirror, "kubernetes-version": kubernetesVersion } = this.flags;
    const { addonNamesOf } = await import("../../spec/parse/addons.ts");
    const addons = addonNamesOf(this.flags.addons);
    // Said, and yet no name: 'none'.
    const withDefaults = this.flags.addons === "" || addons.length > 0;
    const request = { artifacts, mirror, kubernetesVersion, addons, withDefaults };
    const result = await pull(this.args.dir, request, await this.useCase());
    const { folder, files, bytes, added } = result;
    this.print(result, () =>
      [
        `${folder} has Kubernetes ${result.kubernetesVersion} (${result.source} artifacts): ${files} files, ${formatBytes(bytes)}, ${added} of them new`,
        `Use it: localkube start --mirror ${folder}`,
      ].join("\n"),
    );
  }
}
