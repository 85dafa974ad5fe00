import type { Command } from "@oclif/core";
import * as Flags from "@oclif/core/flags";
import type { DriverOption } from "../contract/driver-option.ts";
import { builtInOptions, installedOptions } from "../machine/driver-options.ts";

/** One flag of `start` for each option of each built-in driver, grouped by driver in the help. */
export const driverFlags: object = flagsOf(builtInOptions);

/** The same for drivers from npm; not in the manifest, which is made when localkube is built. */
export const installedDriverFlags = (): Readonly<Record<string, Command.Flag>> => flagsOf(installedOptions);

function flagsOf(table: Readonly<Record<string, readonly DriverOption[]>>): Record<string, Command.Flag> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([driver, options]) =>
      options.map((option) => [option.name, flagOf(option, `DRIVER ${driver.toUpperCase()}`)]),
    ),
  );
}

function flagOf({ summary, helpValue, boolean }: DriverOption, helpGroup: string): Command.Flag {
  if (boolean) return Flags.boolean({ summary, helpGroup, allowNo: true });
  return Flags.string({ summary, helpGroup, ...(helpValue === undefined ? {} : { helpValue }) });
}
