import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import type { DriverDefinition } from "../contract/driver.ts";
import type { CreateDriver, DriverKit } from "../contract/driver-kit.ts";
import { driverState } from "../contract/driver-state.ts";
import type { DriverOption } from "../contract/driver-option.ts";
import { errorsOf, LocalkubeError } from "../contract/errors/localkube-error.ts";
import { hostContext } from "../host/host-context.ts";
import { packageRoot } from "../host/package-root.ts";

/** A driver that the user has installed from npm, as its package.json describes it; none of its code has run. */
export interface InstalledDriver {
  /** `foo` of `localkube-driver-foo` or `@scope/localkube-driver-foo`. */
  readonly name: string;
  readonly package: string;
  readonly folder: string;
  readonly summary: string;
  readonly options: readonly DriverOption[];
  /** Why it cannot be loaded; thrown when somebody names the driver. */
  readonly problem?: LocalkubeError;
}

const apiVersion = 1;
const packageName = /^(?:@[\w.-]+\/)?localkube-driver-([a-z][a-z0-9]*)$/;

const optionSchema = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/)),
  summary: v.string(),
  helpValue: v.optional(v.string()),
  boolean: v.optional(v.literal(true)),
  file: v.optional(v.literal(true)),
  change: v.picklist(["recreate", "client"]),
});
const packageSchema = v.object({
  name: v.string(),
  localkube: v.object({
    apiVersion: v.number(),
    summary: v.string(),
    options: v.optional(v.array(optionSchema), []),
  }),
});

let found: readonly InstalledDriver[] | undefined;

/** The driver packages of this installation and this user, read once. */
export const installedDrivers = (): readonly InstalledDriver[] =>
  (found ??= findInstalled([...besideUs(), ownFolder()]));

/** Where `npm install -g` puts packages; a clone of the sources is not in such a folder. */
function besideUs(): readonly string[] {
  const folder = dirname(packageRoot());
  return basename(folder) === "node_modules" ? [folder] : [];
}

/** Where `npm install --prefix ~/.localkube/drivers` puts them. */
const ownFolder = (): string => join(hostContext().stateDir, driverState.installed, "node_modules");

/** Driver packages in these `node_modules` folders, the first of each name. The working folder is never searched. */
export function findInstalled(folders: readonly string[]): readonly InstalledDriver[] {
  const drivers = new Map<string, InstalledDriver>();
  for (const folder of folders)
    for (const entry of namesIn(folder)) {
      const names = entry.startsWith("@")
        ? namesIn(join(folder, entry)).map((name) => `${entry}/${name}`)
        : [entry];
      for (const full of names) {
        const name = packageName.exec(full)?.[1];
        if (name !== undefined && !drivers.has(name))
          drivers.set(name, describe(name, full, join(folder, full)));
      }
    }
  return [...drivers.values()];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // not there, or not ours to read
  }
}

function describe(name: string, full: string, folder: string): InstalledDriver {
  const base = { name, package: full, folder, summary: "", options: [] };
  const broken = (problem: string): InstalledDriver => ({
    ...base,
    problem: new LocalkubeError("DRIVER_PACKAGE_BROKEN", { package: full, folder, problem }),
  });
  try {
    refuseUnsafe(full, folder);
    const content: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const parsed = v.safeParse(packageSchema, content);
    if (!parsed.success)
      return broken(`its package.json: ${v.getDotPath(parsed.issues[0]) ?? ""}: ${parsed.issues[0].message}`);
    const { apiVersion: has, summary, options } = parsed.output.localkube;
    if (has !== apiVersion) {
      const params = { package: full, has, wanted: apiVersion };
      // Its options stay known: what is wrong is the version, not the flag of somebody who uses it.
      const problem = new LocalkubeError("DRIVER_PACKAGE_VERSION", params);
      return { ...base, summary, options: options as readonly DriverOption[], problem };
    }
    const foreign = options.find((option) => !option.name.startsWith(`${name}-`));
    if (foreign) return broken(`its option ${foreign.name} does not begin with ${name}-`);
    return { ...base, summary, options: options as readonly DriverOption[] };
  } catch (error) {
    if (error instanceof LocalkubeError) return { ...base, problem: error };
    return broken((error as Error).message);
  }
}

/**
 * Throws DRIVER_PACKAGE_UNSAFE when somebody other than this user and root may change the package, or replace it by renaming a folder above.
 * What is below a folder that only this user may enter is safe.
 */
function refuseUnsafe(full: string, path: string): void {
  const real = realpathSync(path);
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (const part of untrustedParts(real)) {
    const { uid: owner, mode } = statSync(part);
    const unsafe = (problem: string) =>
      new LocalkubeError("DRIVER_PACKAGE_UNSAFE", { package: full, path: part, problem });
    if (owner !== 0 && owner !== uid) throw unsafe(`it belongs to the user with the id ${owner}`);
    // Only its owner may rename what is in a sticky folder (/tmp).
    const isSticky = (mode & 0o1000) !== 0 && part !== real;
    if ((mode & 0o022) !== 0 && !isSticky) throw unsafe(`its mode is ${(mode & 0o7777).toString(8)}`);
    if (owner === uid && (mode & 0o011) === 0) return;
  }
}

/** The path's folders from the root down, and itself, without those above localkube: whoever can change them can replace localkube too. */
function untrustedParts(real: string): readonly string[] {
  const [global] = besideUs();
  const trusted = global === undefined ? "" : realpathSync(global);
  return real
    .split(sep)
    .map((_, i, all) => all.slice(0, i + 1).join(sep) || sep)
    .filter((part) => trusted !== part && !trusted.startsWith(part === sep ? sep : part + sep));
}

/** Runs the package's code, which returns the definition. Rejects with the driver's problem, or DRIVER_PACKAGE_BROKEN. */
export async function loadInstalled(
  driver: InstalledDriver,
  kit: Omit<DriverKit, "LocalkubeError" | "errorsOf">,
): Promise<DriverDefinition> {
  if (driver.problem) throw driver.problem;
  const { name, package: full, folder } = driver;
  const broken = (problem: string, cause?: unknown) =>
    new LocalkubeError("DRIVER_PACKAGE_BROKEN", { package: full, folder, problem }, { cause });
  let definition: DriverDefinition;
  try {
    const entry = realpathSync(createRequire(join(folder, "package.json")).resolve(realpathSync(folder)));
    refuseUnsafe(full, entry);
    const module = (await import(pathToFileURL(entry).href)) as { readonly default: CreateDriver };
    definition = module.default({
      ...kit,
      LocalkubeError: LocalkubeError as DriverKit["LocalkubeError"],
      errorsOf(table) {
        const prefix = `${name.toUpperCase()}_`;
        const foreign = Object.keys(table).find((id) => !id.startsWith(prefix));
        if (foreign !== undefined) throw new Error(`its error ${foreign} does not begin with ${prefix}`);
        return errorsOf(table);
      },
    });
  } catch (error) {
    if (error instanceof LocalkubeError) throw error;
    throw broken((error as Error).message, error);
  }
  const problem = problemOf(definition, name);
  if (problem !== undefined) throw broken(problem);
  return definition;
}

function problemOf(definition: unknown, name: string): string | undefined {
  const given = (definition ?? {}) as Partial<DriverDefinition>;
  if (given.name !== name) return `its definition is named '${String(given.name)}', not '${name}'`;
  if (given.apiVersion !== apiVersion) return `its definition has the apiVersion ${String(given.apiVersion)}`;
  if (typeof given.probe !== "function" || typeof given.open !== "function")
    return "its definition has no probe() or no open()";
  return typeof given.capabilities === "object" ? undefined : "its definition has no capabilities";
}
