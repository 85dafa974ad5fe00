import { resolve } from "node:path";
import type { DriverOption } from "../../contract/driver-option.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { parseSwitch } from "./parse-quantities.ts";

/** Values as given by flags, files and settings. */
export type DriverOptionValues = Readonly<Record<string, string | number | boolean>>;

type OptionTable = Readonly<Record<string, readonly DriverOption[]>>;

/**
 * Options of the chosen driver as texts, with absolute paths; empty values count as not given. Throws DRIVER_OPTION_UNKNOWN,
 * DRIVER_OPTION_FOREIGN when the option belongs to another driver (`auto` has none: options require a named driver), or SWITCH_INVALID.
 */
export function parseDriverOptions(
  values: DriverOptionValues,
  driver: string,
  table: OptionTable,
): Readonly<Record<string, string>> {
  const all = Object.entries(table).flatMap(([owner, options]) =>
    options.map((option) => ({ owner, option })),
  );
  const parsed = Object.entries(values).map(([name, value]): [string, string] => {
    const found = all.find(({ option }) => option.name === name);
    if (!found) {
      const hint = didYouMean(
        name,
        all.map(({ option }) => option.name),
      );
      throw new LocalkubeError("DRIVER_OPTION_UNKNOWN", { option: name, hint });
    }
    const { owner, option } = found;
    if (owner !== driver) throw new LocalkubeError("DRIVER_OPTION_FOREIGN", { option: name, owner, driver });
    if (option.boolean) return [name, String(parseSwitch(asSwitch(value), name))];
    const text = String(value).trim();
    return [name, option.file && text !== "" ? resolve(text) : text];
  });
  return Object.fromEntries(parsed.filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1)));
}

const asSwitch = (value: string | number | boolean): string | boolean =>
  typeof value === "number" ? String(value) : value;

/** Options of other drivers in the settings are not an error: settings apply to many clusters. */
export function ownOptions(
  values: DriverOptionValues | undefined,
  driver: string,
  table: OptionTable,
): DriverOptionValues {
  const own = new Set((table[driver] ?? []).map(({ name }) => name));
  return Object.fromEntries(Object.entries(values ?? {}).filter(([name]) => own.has(name)));
}
