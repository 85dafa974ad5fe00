import * as Flags from "@oclif/core/flags";
import type { DriverOption } from "../contract/driver-option.ts";
import { driverOptions } from "../machine/driver-options.ts";

/** One flag of `start` for each option of each driver, grouped by driver in the help. */
export const driverFlags: object = Object.fromEntries(
  Object.entries(driverOptions).flatMap(([driver, options]) =>
    options.map((option) => [option.name, flagOf(option, `DRIVER ${driver.toUpperCase()}`)]),
  ),
);

function flagOf({ summary, helpValue, boolean }: DriverOption, helpGroup: string) {
  if (boolean) return Flags.boolean({ summary, helpGroup, allowNo: true });
  return Flags.string({ summary, helpGroup, ...(helpValue === undefined ? {} : { helpValue }) });
}
