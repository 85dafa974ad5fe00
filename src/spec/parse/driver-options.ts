import { resolve } from "node:path";
import type { DriverOption } from "../../contract/driver-option.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import type { Chosen, SpecSurroundings, Wishes } from "../field.ts";
import { parseSwitch } from "./quantities.ts";

/** Values as given by flags, files and settings. */
export type DriverOptionValues = Readonly<Record<string, string | number | boolean>>;
type OptionTexts = Readonly<Record<string, string>>;
type Tables = Pick<SpecSurroundings, "driverOptions">;

/**
 * Options of the chosen driver, merged one by one: flags over the file over the existing cluster over settings. Options of other drivers in the
 * settings are not an error, because settings apply to many clusters; neither are those of the cluster's former driver. Throws like `parseDriverOptions`.
 */
export function mergeDriverOptions(
  { flags, file, existing, settings }: Wishes<DriverOptionValues, OptionTexts>,
  at: Tables,
  chosen: Chosen,
): OptionTexts {
  const own = new Set((at.driverOptions[String(chosen["driver"])] ?? []).map(({ name }) => name));
  const ownOf = <V>(values: Readonly<Record<string, V>> | undefined): Record<string, V> =>
    Object.fromEntries(Object.entries(values ?? {}).filter(([name]) => own.has(name)));
  const merged = {
    ...parseDriverOptions(ownOf(settings), at, chosen),
    ...ownOf(existing),
    ...parseDriverOptions({ ...file, ...flags }, at, chosen),
  };
  return Object.fromEntries(
    Object.entries(merged)
      .filter(([, value]) => value !== "")
      .sort(byName),
  );
}

/**
 * Options of the chosen driver as texts, with absolute paths; an empty value takes a weaker one away. Throws DRIVER_OPTION_UNKNOWN,
 * DRIVER_OPTION_FOREIGN when the option belongs to another driver (`auto` has none: options require a named driver), or SWITCH_INVALID.
 */
export function parseDriverOptions(
  values: DriverOptionValues,
  { driverOptions }: Tables,
  chosen: Chosen,
): OptionTexts {
  const driver = String(chosen["driver"]);
  const all = Object.entries(driverOptions).flatMap(([owner, options]) =>
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
    return [name, textOf(option, value)];
  });
  return Object.fromEntries(parsed);
}

function textOf({ name, boolean, file }: DriverOption, value: string | number | boolean): string {
  if (boolean) return String(parseSwitch(name)(typeof value === "number" ? String(value) : value));
  const text = String(value).trim();
  return file && text !== "" ? resolve(text) : text;
}

/** Options that are paths are relative to the folder of the file that contains them. */
export function optionsInFolder(
  options: DriverOptionValues,
  folder: string,
  { driverOptions }: Tables,
): DriverOptionValues {
  const files = new Set(
    Object.values(driverOptions).flatMap((list) => list.filter(({ file }) => file).map(({ name }) => name)),
  );
  const absolute = ([name, value]: [string, DriverOptionValues[string]]) =>
    [name, files.has(name) && value !== "" ? resolve(folder, String(value)) : value] as const;
  return Object.fromEntries(Object.entries(options).map(absolute));
}

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);
