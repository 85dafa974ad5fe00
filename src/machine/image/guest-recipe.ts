import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../host/package-root.ts";
import { defaultRuntimeName, runtimeByName } from "../../runtimes/registry.ts";

/** `templates/guest/packages.json`, with what a container runtime adds. */
export interface GuestRecipe {
  /** Debian release. */
  readonly suite: string;
  /** Container image of the same release. */
  readonly baseImage: string;
  readonly packages: readonly string[];
  readonly disabledUnits: readonly string[];
  readonly maskedUnits: readonly string[];
}

/** Raise when the builders change what they build in a way that the templates do not show. */
const revision = 2;

export const guestFolder = (): string => join(packageRoot(), "templates", "guest");

/** For machines with that runtime (a name or an alias): a start installs nothing, and needs no network. */
export async function guestRecipe(runtime = defaultRuntimeName): Promise<GuestRecipe> {
  const common = JSON.parse(await readFile(join(guestFolder(), "packages.json"), "utf8")) as GuestRecipe;
  const { programs, unitNames } = runtimeByName(runtime);
  return {
    ...common,
    packages: [...common.packages, ...programs.flatMap((program) => program.package ?? [])],
    disabledUnits: [...common.disabledUnits, ...unitNames],
  };
}

/** Environment of `prepare-root.sh`, in both builders. */
export const unitLists = ({ disabledUnits, maskedUnits }: GuestRecipe): Readonly<Record<string, string>> => ({
  disabled_units: disabledUnits.join(" "),
  masked_units: maskedUnits.join(" "),
});

/**
 * Content key of the machine image: covers everything we decide, not what the archive contains that day. Both builders share it, because
 * their results are interchangeable.
 */
export async function imageKey(arch: string, runtime = defaultRuntimeName): Promise<string> {
  const names = ["sshd.conf", "prepare-root.sh", "Containerfile"];
  const parts = await Promise.all(names.map((name) => readFile(join(guestFolder(), name))));
  const recipe = JSON.stringify(await guestRecipe(runtime));
  const hash = createHash("sha256").update(`${revision} ${arch} ${recipe}`);
  parts.forEach((part) => hash.update(part));
  return hash.digest("hex").slice(0, 16);
}
