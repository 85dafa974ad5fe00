import { join } from "node:path";
import { builtInAddonNames } from "../../addons/addon-names.ts";
import { type AddonFolder, builtInAddons, readAddonFolder } from "../../addons/catalogue.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** A folder of the user's that cannot be used. */
export interface BrokenAddon {
  readonly name: string;
  /** ADDON_INVALID, which says why. */
  readonly error: LocalkubeError;
}

/**
 * Those that localkube brings, and those that the cluster keeps from folders of the user's, which come first where both have the name. A folder of the user's that is broken is left
 * out, so that it keeps nobody from using the others; only if it is among `named` it rejects, with ADDON_INVALID. Read-only.
 */
export async function knownAddons(
  ownFolder?: string,
  named: readonly string[] = [],
): Promise<readonly AddonFolder[]> {
  const { usable, broken } = await readAll(ownFolder);
  const asked = broken.find(({ name }) => named.includes(name));
  if (asked) throw asked.error;
  return usable;
}

/** The folders of the user's that cannot be used, and why. Read-only. */
export const brokenAddons = async (ownFolder: string): Promise<readonly BrokenAddon[]> =>
  (await readAll(ownFolder)).broken;

async function readAll(ownFolder: string | undefined): Promise<{
  readonly usable: readonly AddonFolder[];
  readonly broken: readonly BrokenAddon[];
}> {
  const brought = await builtInAddons();
  if (ownFolder === undefined) return { usable: brought, broken: [] };
  const read = await Promise.all(
    builtInAddonNames(ownFolder).map((name) =>
      readAddonFolder(join(ownFolder, name)).catch((error: unknown): BrokenAddon => {
        if (error instanceof LocalkubeError) return { name, error };
        throw error;
      }),
    ),
  );
  const broken = read.filter((one): one is BrokenAddon => "error" in one);
  const own = read.filter((one): one is AddonFolder => "addon" in one);
  const names = [...broken.map(({ name }) => name), ...own.map(({ addon }) => addon.name)];
  const all = [...brought.filter(({ addon }) => !names.includes(addon.name)), ...own];
  return withoutLackingNeeds(all, broken);
}

/** One that needs what is not there is as unusable as that. */
function withoutLackingNeeds(
  all: readonly AddonFolder[],
  broken: readonly BrokenAddon[],
): { readonly usable: readonly AddonFolder[]; readonly broken: readonly BrokenAddon[] } {
  const lacking = all.flatMap(({ addon, folder }): readonly BrokenAddon[] => {
    const need = addon.needs.find((name) => !all.some((one) => one.addon.name === name));
    if (need === undefined) return [];
    const problem = `it needs ${need}, which is no addon, or cannot be used`;
    return [
      {
        name: addon.name,
        error: new LocalkubeError("ADDON_INVALID", { folder, file: "addon.yaml", problem }),
      },
    ];
  });
  if (lacking.length === 0) return { usable: all, broken };
  const left = all.filter(({ addon }) => !lacking.some(({ name }) => name === addon.name));
  return withoutLackingNeeds(left, [...broken, ...lacking]);
}
