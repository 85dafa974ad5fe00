import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import type { SpecSurroundings, Wishes } from "../field.ts";
import { isList } from "./lists.ts";

/** By addon: its options as texts. */
export type AddonOptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Names, or options by addon; `metrics:` without anything behind it is an addon without options. */
export type AddonWish =
  | string
  | readonly string[]
  | Readonly<Record<string, Readonly<Record<string, string | number | boolean>> | null>>;

type Known = Pick<SpecSurroundings, "addons">;

/** Addons with options from names or a table, sorted by name; a single empty name, or `none`, is none. Throws ADDON_UNKNOWN. Options are checked where the addons are known. */
export function parseAddons(wish: AddonWish, { addons }: Known): AddonOptions {
  const entries: readonly (readonly [string, Readonly<Record<string, string>>])[] =
    typeof wish === "string" || isList(wish)
      ? addonNamesOf(wish).map((name) => [name, {}])
      : Object.entries(wish).map(([name, options]) => [name, textsOf(options ?? {})]);
  for (const [name] of entries)
    if (!addons.includes(name))
      throw new LocalkubeError("ADDON_UNKNOWN", { value: name, hint: didYouMean(name, addons) });
  return sortedByName(Object.fromEntries(entries));
}

/**
 * The addons of a flag are added to those of the file, of the existing cluster or of the settings, which keep their options; a flag that names none
 * leaves none. A file is the whole list. Throws like `parseAddons`.
 */
export function mergeAddons(
  { flags, file, existing, settings }: Wishes<AddonWish, AddonOptions>,
  { addons }: Known,
): AddonOptions {
  // An addon that the cluster has already may be one of the user's own, which no release knows.
  const at = { addons: [...addons, ...Object.keys(existing ?? {})] };
  const base = file === undefined ? (existing ?? parseAddons(settings ?? [], at)) : parseAddons(file, at);
  if (flags === undefined) return base;
  const added = parseAddons(flags, at);
  return Object.keys(added).length === 0 ? {} : sortedByName({ ...added, ...base });
}

/** No addon; an empty name, as an environment variable cannot have it. */
const noAddon = "none";

/** The names in a list, or in a text with commas between them. Pure. */
export function addonNamesOf(wish: string | readonly string[]): readonly string[] {
  const words = (typeof wish === "string" ? wish.split(",") : wish).map((name) => name.trim());
  const names = words.filter((name) => name !== "");
  return names.length === 1 && names[0] === noAddon ? [] : names;
}

/** Whether nobody has said which addons a new cluster has, or only which ones besides. Pure. */
export const leavesDefaults = ({
  flags,
  file,
  settings,
}: Omit<Wishes<AddonWish, unknown>, "existing">): boolean =>
  file === undefined &&
  settings === undefined &&
  (flags === undefined || !(typeof flags === "string" || isList(flags)) || addonNamesOf(flags).length > 0);

const textsOf = (
  options: Readonly<Record<string, string | number | boolean>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));

const sortedByName = (all: AddonOptions): AddonOptions =>
  Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
