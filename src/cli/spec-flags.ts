import type { Command } from "@oclif/core";
import * as Flags from "@oclif/core/flags";
import { builtInAddonNames } from "../addons/addon-names.ts";
import type { DriverOption } from "../contract/driver-option.ts";
import { builtInOptions, installedOptions } from "../machine/driver-options.ts";
import { driverChoices } from "../machine/driver-registry.ts";
import { ociRuntimes } from "../runtimes/oci/registry.ts";
import { runtimeNames } from "../runtimes/registry.ts";
import { choiceName, type Choice, type FieldFlag, type FieldTable } from "../spec/field.ts";
import { specFields } from "../spec/fields.ts";

const registries = {
  drivers: driverChoices,
  runtimes: runtimeNames,
  ociRuntimes: ociRuntimes.map(({ name }) => name),
  addons: builtInAddonNames(),
};
type Group = NonNullable<FieldFlag["group"]>;

/**
 * The flags of one group as oclif takes them. `choices` is not oclif's `options`, which would refuse other values with an error of its
 * own: it is what completion and help offer, and the field's parser decides.
 */
export const specFlags = (group: Group, fields: FieldTable = specFields): Record<never, never> =>
  Object.fromEntries(
    Object.values(fields).flatMap(({ flag, choices }) =>
      flag?.group === group ? [[flag.name, oclifFlag(flag, choices?.(registries))]] : [],
    ),
  );

function oclifFlag({ kind = "text", help = "", value, group }: FieldFlag, choices?: readonly Choice[]) {
  const summary = help.replace("{choices}", listOf(choices ?? []));
  const shared = { summary, ...(group === undefined ? {} : { helpGroup: group }) };
  if (kind === "switch") return Flags.boolean({ ...shared, allowNo: true });
  const rest = {
    ...shared,
    ...(value === undefined ? {} : { helpValue: value }),
    ...(choices === undefined ? {} : { choices: choices.map(choiceName) }),
  };
  if (kind === "text") return Flags.string(rest);
  return Flags.string({ ...rest, multiple: true, ...(kind === "words" ? { delimiter: "," } : {}) });
}

const listOf = (choices: readonly Choice[]): string =>
  choices
    .map((choice) => (typeof choice === "string" ? { name: choice } : choice))
    .flatMap(({ name, note, listed }) =>
      listed === false ? [] : [note === undefined ? name : `${name} (${note})`],
    )
    .join(", ");

type OptionTable = Readonly<Record<string, readonly DriverOption[]>>;

const flagsOf = (table: OptionTable): Record<string, Command.Flag> =>
  Object.fromEntries(
    Object.entries(table).flatMap(([driver, options]) =>
      options.map((option) => [option.name, driverFlag(option, `DRIVER ${driver.toUpperCase()}`)]),
    ),
  );

/** One flag of `start` for each option of each built-in driver, grouped by driver in the help. */
export const driverFlags: object = flagsOf(builtInOptions);

/** The same for drivers from npm; not in the manifest, which is made when localkube is built. */
export const installedDriverFlags = (): Readonly<Record<string, Command.Flag>> => flagsOf(installedOptions);

function driverFlag({ summary, helpValue, boolean }: DriverOption, helpGroup: string): Command.Flag {
  if (boolean) return Flags.boolean({ summary, helpGroup, allowNo: true });
  return Flags.string({ summary, helpGroup, ...(helpValue === undefined ? {} : { helpValue }) });
}
