import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { ListedProgram, ListedRuntime } from "../../cluster/runtime/list.ts";
import { textTable } from "../../output/text-table.ts";

export default class RuntimeListCommand extends BaseCommand<typeof RuntimeListCommand> {
  static override summary = "List the container runtimes, and where each would come from here";
  static override description =
    "For each runtime: the Kubernetes minors it goes with, and what a new cluster on this computer would get of it: released programs, or Debian packages. A machine that has a good enough version of its own keeps it.";
  static override examples = [
    "<%= config.bin %> runtime list",
    "<%= config.bin %> runtime list --kubernetes-version 1.31 --artifacts upstream",
    "<%= config.bin %> runtime list --output json",
  ];
  static override flags = {
    "kubernetes-version": Flags.string({
      summary: "Kubernetes version of the new cluster: v1.36.2, 1.36",
      helpValue: "VERSION",
      default: "",
    }),
    artifacts: Flags.option({
      options: ["auto", "upstream", "debian"] as const,
      default: "auto" as const,
      summary: "Where its Kubernetes would come from",
    })(),
    mirror: Flags.string({
      summary: "Folder or URL that is used in place of all servers",
      helpValue: "PLACE",
      default: "",
    }),
  };

  override async run(): Promise<void> {
    const { listRuntimes } = await import("../../cluster/runtime/list.ts");
    const { "kubernetes-version": kubernetesVersion, artifacts, mirror } = this.flags;
    const found = await listRuntimes({ kubernetesVersion, artifacts, mirror }, this.quietUseCase());
    this.print(found, () =>
      [
        `A new cluster here has Kubernetes ${found.kubernetesVersion} (${found.artifacts} artifacts).`,
        "",
        textTable(["RUNTIME", "ALSO", "KUBERNETES", "COMES FROM", "MISSING"], found.runtimes.map(row)),
      ].join("\n"),
    );
  }
}

const row = ({ name, aliases, minors, programs, problem }: ListedRuntime): readonly string[] => [
  name,
  aliases.join(", ") || "-",
  ranges(minors),
  programs.map(origin).join(", ") || "-",
  problem ?? "-",
];

const origin = ({ name, from, version, package: debian }: ListedProgram): string => {
  if (from === "release") return `${name} ${version}`;
  return from === "debian" ? `Debian's ${debian}` : `${name}: nowhere`;
};

/** `1.20 to 1.23, 1.25`. */
function ranges(minors: readonly number[]): string {
  const starts = minors.filter((minor) => !minors.includes(minor - 1));
  const ends = minors.filter((minor) => !minors.includes(minor + 1));
  return starts
    .map((start, index) => (ends[index] === start ? `1.${start}` : `1.${start} to 1.${ends[index]}`))
    .join(", ");
}
