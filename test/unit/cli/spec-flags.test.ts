import { Command } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import * as v from "valibot";
import { expect, test } from "vitest";
import { bashCompletion } from "../../../src/cli/completion/bash-completion.ts";
import { completionModel } from "../../../src/cli/completion/completion-model.ts";
import { fishCompletion } from "../../../src/cli/completion/fish-completion.ts";
import { powershellCompletion } from "../../../src/cli/completion/powershell-completion.ts";
import { zshCompletion } from "../../../src/cli/completion/zsh-completion.ts";
import { describeCommand } from "../../../src/cli/command-table.ts";
import { CommandLineHelp } from "../../../src/cli/help.ts";
import { specFlags } from "../../../src/cli/spec-flags.ts";
import { driverNames } from "../../../src/machine/driver-registry.ts";
import { runtimeNames } from "../../../src/runtimes/registry.ts";
import { field, type FieldTable } from "../../../src/spec/field.ts";
import { specFields } from "../../../src/spec/fields.ts";

const groups = [
  "MACHINE",
  "KUBERNETES",
  "NETWORK",
  "REGISTRIES",
  "ARTIFACTS",
  "WAITING",
  "KUBECONFIG",
  "ADDONS",
] as const;

/** A command `start` with the flags of a table, as help, completion and documentation see it. */
function described(fields: FieldTable): Command.Cached {
  class Start extends Command {
    static override flags = Object.fromEntries(
      groups.flatMap((group) => Object.entries<never>(specFlags(group, fields))),
    );
    override run = () => Promise.resolve();
  }
  return describeCommand(Start, "start");
}

const flagsOf = (fields: FieldTable) =>
  described(fields).flags as Record<string, Command.Flag.Cached & { choices?: string[] }>;

test("every row with a heading is a flag of start, and nothing else is", () => {
  const expected = Object.values(specFields as FieldTable).flatMap(({ flag }) =>
    flag?.group === undefined ? [] : [flag.name],
  );
  expect(Object.keys(flagsOf(specFields)).sort()).toEqual(expected.sort());
  expect(expected).toHaveLength(33);
});

test("the choices are those of the registries", () => {
  const flags = flagsOf(specFields);
  expect(flags["driver"]?.choices).toEqual(["auto", ...driverNames]);
  expect(flags["runtime"]?.choices).toEqual(runtimeNames);
  expect(flags["os"]?.choices).toEqual(["debian", "flatcar"]);
  expect(flags["artifacts"]?.choices).toEqual(["auto", "upstream", "debian"]);
  expect(flags["wait"]?.choices).toEqual(["apiserver", "node", "system-pods", "dns", "all", "none"]);
  for (const name of driverNames) expect(flags["driver"]?.summary).toContain(name);
});

const another = {
  ...specFields,
  flavour: field({
    flag: { name: "flavour", group: "MACHINE", value: "NAME", help: "Taste of the machine: {choices}" },
    choices: () => ["sweet", { name: "sour", note: "like lemons" }],
    file: { flavour: v.string() },
    stored: { flavour: v.string() },
    default: () => "sweet",
    parse: (value: string) => value,
    change: "recreate",
  }),
};

test("another row is in help and in the completion of every shell", async () => {
  const command = described(another);
  const lines: string[] = [];
  const help = new (class extends CommandLineHelp {
    protected override log(...args: string[]): void {
      lines.push(args.join(" "));
    }
  })(
    {
      bin: "localkube",
      topicSeparator: " ",
      commands: [command],
      topics: [],
      plugins: new Map(),
    } as unknown as Interfaces.Config,
    { stripAnsi: true },
  );
  await help.showCommandHelp(command as unknown as Command.Loadable);
  expect(lines.join("\n")).toMatch(
    /--flavour=NAME .*LOCALKUBE_FLAVOUR\] Taste of the machine: sweet, sour \(like lemons\)/,
  );

  const model = completionModel([command], []);
  expect(bashCompletion(model)).toMatch(/:--flavour\).*compgen -W 'sweet sour'/);
  expect(zshCompletion(model)).toMatch(/:--flavour\) compadd -- 'sweet' 'sour'/);
  expect(fishCompletion(model)).toMatch(/-l flavour -x -a 'sweet sour'/);
  expect(powershellCompletion(model)).toContain("'--flavour' = @('sweet', 'sour')");
});
