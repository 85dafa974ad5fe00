import { addonArg } from "../../cli/addon-words.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import type { ShownAddon } from "../../cluster/addons/look.ts";
import { textTable } from "../../output/text-table.ts";

export default class AddonsShow extends BaseCommand<typeof AddonsShow> {
  static override summary = "Show an addon: what it is, its options, versions and state";
  static override examples = [
    "<%= config.bin %> addons show ingress",
    "<%= config.bin %> addons show metrics --output json",
  ];
  static override args = addonArg;
  static override exits = { 66: "no such addon" };

  override async run(): Promise<void> {
    const { showAddon } = await import("../../cluster/addons/look.ts");
    const shown = await showAddon(this.flags.profile, this.args.name, this.quietUseCase());
    this.print(shown, () => textOf(shown));
  }
}

function textOf(shown: ShownAddon): string {
  const { name, summary, state, problem, version, standIn, probe } = shown;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["state", problem === undefined ? state : `${state}: ${problem}`],
    ["version", version],
    ["in its place", standIn === undefined ? undefined : `a program of localkube's own, which ${standIn}`],
    ["last seen", probe && `${probe.at}: ${probe.detail}`],
    ["licence", shown.licence],
    ["homepage", shown.homepage],
    ["namespace", shown.namespace],
    ["memory", `${shown.memoryMiB} MiB`],
    ["needs", shown.needs.join(", ") || undefined],
  ];
  const width = Math.max(...facts.map(([key]) => key.length));
  const options = shown.options.map(
    ({ name: key, type, choices, value, default: otherwise, secret, why }) => [
      `  ${key}`,
      choices ? choices.join("|") : type,
      secret ? "secret" : (value ?? String(otherwise ?? "")),
      why,
    ],
  );
  return [
    `${name}: ${summary}`,
    ...facts.flatMap(([key, value]) => (value === undefined ? [] : [`  ${key.padEnd(width)}  ${value}`])),
    ...(options.length === 0 ? [] : ["", textTable(["  OPTION", "TYPE", "VALUE", "WHAT FOR"], options)]),
    ...shown.options.flatMap(({ name: key, read }) =>
      read === undefined ? [] : ["", `Read the ${key}: ${read}`],
    ),
    "",
    textTable(
      ["  KUBERNETES", "ARTIFACTS", "VERSION"],
      shown.rows.map(({ kubernetes, artifacts, version: of }) => [`  ${kubernetes}`, artifacts, of]),
    ),
  ].join("\n");
}
