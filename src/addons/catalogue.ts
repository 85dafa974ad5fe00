import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { LocalkubeError, messageOf } from "../contract/errors/localkube-error.ts";
import { didYouMean } from "../host/nearest-word.ts";
import { readUserYaml } from "../host/user-yaml.ts";
import { builtInAddonNames, builtInFolder } from "./addon-names.ts";
import { type Addon, parseAddon } from "./definition.ts";

/** An addon with the folder that its files are in. */
export interface AddonFolder {
  readonly addon: Addon;
  readonly folder: string;
}

/** The addon of a folder, named like it. Rejects with ADDON_INVALID. Read-only. */
export async function readAddonFolder(folder: string): Promise<AddonFolder> {
  const path = resolve(folder);
  const invalid = (problem: string): LocalkubeError =>
    new LocalkubeError("ADDON_INVALID", { folder, file: "addon.yaml", problem });
  const text = await readAddonFile(path, "addon.yaml", folder);
  const yaml = readUserYaml(text, (problem, line, column) =>
    invalid(`line ${line}, column ${column}: ${problem}`),
  );
  return { addon: parseAddon(yaml.values()[0], { folder, name: basename(path) }), folder: path };
}

/** A file of an addon's folder as text. Rejects with ADDON_INVALID. */
export async function readAddonFile(folder: string, file: string, shown = folder): Promise<string> {
  try {
    return await readFile(join(folder, file), "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const problem = missing ? "there is no such file" : messageOf(cause);
    throw new LocalkubeError("ADDON_INVALID", { folder: shown, file, problem }, { cause });
  }
}

/** All that localkube brings, by name. Rejects with ADDON_INVALID. */
export const builtInAddons = (folder = builtInFolder()): Promise<readonly AddonFolder[]> =>
  Promise.all(builtInAddonNames(folder).map((name) => readAddonFolder(join(folder, name))));

/** One that localkube brings, without reading the others. Rejects with ADDON_INVALID. */
export const builtInAddon = (name: string): Promise<AddonFolder> =>
  readAddonFolder(join(builtInFolder(), name));

/** The addon of that name among those; rejects an unknown one with ADDON_UNKNOWN. Pure. */
export function addonByName<T extends { readonly addon: Pick<Addon, "name"> }>(
  name: string,
  known: readonly T[],
): T {
  const found = known.find(({ addon }) => addon.name === name);
  if (found) return found;
  const hint = didYouMean(
    name,
    known.map(({ addon }) => addon.name),
  );
  throw new LocalkubeError("ADDON_UNKNOWN", { value: name, hint });
}

/**
 * These addons with everything they need, each after what it needs. Rejects with ADDON_UNKNOWN, ADDON_CONFLICT for two that cannot be beside each other
 * (also with one of `enabled`) or that both provide what only one can, and ADDON_INVALID for needs that lead back to themselves. Pure.
 */
export function withNeeds(
  names: readonly string[],
  known: readonly AddonFolder[],
  enabled: readonly string[] = [],
): readonly AddonFolder[] {
  const ordered: AddonFolder[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const found = addonByName(name, known);
    if (path.includes(name))
      throw new LocalkubeError("ADDON_INVALID", {
        folder: found.folder,
        file: "addon.yaml",
        problem: `its needs lead back to it: ${[...path, name].join(" needs ")}`,
      });
    if (ordered.includes(found)) return;
    for (const need of found.addon.needs) visit(need, [...path, name]);
    ordered.push(found);
  };
  for (const name of names) visit(name, []);
  const beside = enabled.flatMap((name) => known.find(({ addon }) => addon.name === name) ?? []);
  const all = [...new Set([...beside, ...ordered])];
  for (const { addon } of ordered)
    for (const { addon: other } of all) {
      const problem = other === addon ? undefined : conflictOf(addon, other);
      if (problem !== undefined)
        throw new LocalkubeError("ADDON_CONFLICT", { addon: addon.name, other: other.name, problem });
    }
  return ordered;
}

function conflictOf(one: Addon, other: Addon): string | undefined {
  const told = one.conflicts[other.name] ?? other.conflicts[one.name];
  if (told !== undefined) return told;
  const role = one.provides.find((name) => other.provides.includes(name));
  return role === undefined ? undefined : `both provide the ${role.replaceAll("-", " ")}`;
}
