import { readdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../host/package-root.ts";

/** Where the addons are that localkube brings: one folder each. */
export const builtInFolder = (): string => join(packageRoot(), "addons");

/**
 * The names of the addons that localkube brings, sorted, without reading any of them: help and completion are made from them before anything else is loaded.
 * Empty where there is no such folder.
 */
export function builtInAddonNames(folder = builtInFolder()): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
