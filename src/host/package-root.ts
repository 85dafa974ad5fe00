import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/**
 * Folder that contains our package.json, and with it `templates/`, `addons/` and `oclif.manifest.json`. It is the same for the
 * sources and for the bundle in `dist/`, so no other module computes paths from its own location.
 */
export function packageRoot(): string {
  return (found ??= search(dirname(fileURLToPath(import.meta.url))));
}

function search(folder: string): string {
  if (isOurs(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new Error("localkube's package.json is missing: the installation is incomplete");
  return search(parent);
}

function isOurs(file: string): boolean {
  return (
    existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "localkube"
  );
}
