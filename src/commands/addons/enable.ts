import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { addonArg, addonWords, waitTimeoutFlag, waitTimeoutMs } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { PreviewedAddon } from "../../cluster/addons/preview.ts";
import type { EnableResult } from "../../cluster/addons/enable.ts";

export default class AddonsEnable extends BaseCommand<typeof AddonsEnable> {
  static override summary = "Enable addons, with all that they need, and see them work";
  static override description =
    "An addon is enabled when it was seen to do what it is for. Its images are got before anything is changed. If it does not become ready, the error says why, and what was applied stays for you to look at; the same command goes on from there. If the cluster does not run, the addons are enabled at the next start.";
  static override examples = [
    "<%= config.bin %> addons enable metrics",
    "<%= config.bin %> addons enable metrics ingress --set ingress.hostPort=8080 --wait-timeout 5m",
    "<%= config.bin %> addons enable openstack --set-file openstack.admin-password=password.txt",
    "<%= config.bin %> addons enable --from ./hello --dry-run",
    "<%= config.bin %> addons enable -p two storage --output json",
  ];
  static override args = { name: Args.string({ ...addonArg.name, required: false }) };
  static override flags = {
    from: Flags.string({
      summary: "Folder with an addon of your own; the cluster keeps a copy",
      helpValue: "DIR",
    }),
    trust: Flags.boolean({ summary: "Let the addon of --from change the nodes" }),
    atomic: Flags.boolean({
      summary: "If one fails, bring all of them back to what they were before",
    }),
    "dry-run": Flags.boolean({
      summary: "Print what would be added, changed, removed and loaded, and change nothing",
    }),
    set: Flags.string({
      summary: "An option of an addon; `addons show NAME` lists them",
      helpValue: "NAME.KEY=VALUE",
      multiple: true,
    }),
    "set-file": Flags.string({
      summary: "The same with the value in a file, or on standard input (-); for secrets",
      helpValue: "NAME.KEY=FILE",
      multiple: true,
    }),
    "wait-timeout": waitTimeoutFlag,
  };
  static override usage = "addons enable NAME… [--set NAME.KEY=VALUE] [--from DIR]";
  static override strict = false;
  static override exits = {
    66: "no such addon, or no such cluster",
    69: "it does not become ready, or does not work",
  };

  override async run(): Promise<void> {
    const { from: folder, trust } = this.flags;
    if (trust && folder === undefined)
      throw new LocalkubeError("USAGE_INVALID", {
        problem: "--trust is for the addon of --from",
        command: "addons enable",
      });
    const addons = folder === undefined ? addonWords("addons enable", this.words) : this.words;
    const { parseSet, readSetFiles } = await import("../../cluster/addons/given-options.ts");
    const set = parseSet(this.flags.set ?? []);
    const setFromFiles = await readSetFiles(this.flags["set-file"] ?? []);
    const request = {
      ...{ name: this.flags.profile, addons, set, setFromFiles, atomic: this.flags.atomic },
      ...(folder === undefined ? {} : { from: { folder, trust } }),
      limitMs: waitTimeoutMs(this.flags["wait-timeout"]),
    };
    if (this.flags["dry-run"]) {
      const { named, previewAddons } = await import("../../cluster/addons/preview.ts");
      const preview = await previewAddons(request, this.quietUseCase());
      this.print(preview, () => preview.addons.flatMap((one) => previewLines(one, named)).join("\n"));
      return;
    }
    const { enableAddons } = await import("../../cluster/addons/enable.ts");
    const result = await enableAddons(request, await this.useCase());
    this.print(result, () => result.addons.flatMap((one) => lines(one, result.name)).join("\n"));
  }
}

function previewLines(
  { name, version, objects, images, nodes }: PreviewedAddon,
  named: (object: NonNullable<PreviewedAddon["objects"]>["added"][number]) => string,
): readonly string[] {
  const changes = objects
    ? [
        ...objects.added.map((one) => `  add     ${named(one)}`),
        ...objects.changed.map((one) => `  change  ${named(one)}`),
        ...objects.removed.map((one) => `  remove  ${named(one)}`),
        ...objects.kept.map(({ why }) => `  keep    ${why}`),
      ]
    : ["  its objects are not compared, because the cluster does not run"];
  const more = [...images.map((image) => `  load    ${image}`), ...nodes.map((part) => `  node    ${part}`)];
  return [
    `${name} ${version}${objects && changes.length + images.length === 0 ? ": nothing to add, change or remove" : ""}`,
    ...changes,
    ...more,
  ];
}

function lines(one: EnableResult["addons"][number], cluster: string): readonly string[] {
  const { name, version } = one;
  switch (one.outcome) {
    case "recorded":
      return [`${name} ${version} will be enabled at the next start of ${cluster}`];
    case "unchanged":
      return [`${name} ${version} is enabled already`];
    case "enabled":
      return [`Enabled ${name} ${version}: ${one.seen}`, ...one.kept.map((sentence) => `  ${sentence}`)];
  }
}
