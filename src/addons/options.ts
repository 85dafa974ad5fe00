import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { didYouMean } from "../host/nearest-word.ts";
import type { Addon, AddonOption } from "./definition.ts";

export type OptionValue = string | number | boolean;
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** How a value of each kind is written, and what it becomes. Undefined: it is not one. */
const kinds: Readonly<
  Record<AddonOption["type"], (text: string, option: AddonOption) => OptionValue | undefined>
> = {
  text: (text) => text,
  number: (text) => (/^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined),
  switch: (text) => ({ true: true, false: false })[text.toLowerCase()],
  // As Kubernetes' objects and most programs take them (Go's ParseDuration).
  duration: (text) => (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text) ? text : undefined),
  // resource.Quantity, without exponents.
  size: (text) => (/^\d+(\.\d+)?([kMGT]i?)?$/.test(text) ? text : undefined),
  port: (text) =>
    /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536 ? Number(text) : undefined,
  choice: (text, { choices = [] }) => (choices.includes(text) ? text : undefined),
};

const descriptions: Readonly<Record<AddonOption["type"], string>> = {
  text: "a text",
  number: "a number",
  switch: "true or false",
  duration: "a duration such as 30s or 1h30m",
  size: "a size such as 512Mi or 10Gi",
  port: "a port from 1 to 65535",
  choice: "one of its choices",
};

/**
 * The values of an addon's options: those given, then those that the cluster has on record, then defaults. Options without any are absent, which is
 * refused unless they are secrets, which are made later. Rejects with ADDON_OPTION_INVALID; the text of a secret is in no error. Pure.
 */
export function optionValues(
  { name: addon, options }: Pick<Addon, "name" | "options">,
  given: Readonly<Record<string, string>>,
  recorded: Readonly<Record<string, string>> = {},
): OptionValues {
  const invalid = (option: string, problem: string): LocalkubeError =>
    new LocalkubeError("ADDON_OPTION_INVALID", { addon, option, problem });
  for (const key of Object.keys(given))
    if (!Object.hasOwn(options, key))
      throw invalid(key, `does not exist${didYouMean(key, Object.keys(options))}`);
  const values = Object.entries(options).flatMap(([key, option]) => {
    const text = given[key] ?? recorded[key] ?? option.default;
    if (text === undefined) {
      if (option.secret) return [];
      throw invalid(key, `is needed: ${option.why}`);
    }
    const value = kinds[option.type](String(text), option);
    if (value !== undefined) return [[key, value] as const];
    const shown = option.secret ? "" : `, not '${String(text)}'`;
    throw invalid(
      key,
      `has to be ${option.choices ? option.choices.join(" or ") : descriptions[option.type]}${shown}`,
    );
  });
  return Object.fromEntries(values);
}
