import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostContext } from "../../../contract/host.ts";
import { defaultRuntimeName } from "../../../runtimes/registry.ts";
import { guestFolder, guestRecipe, type GuestRecipe } from "../guest-recipe.ts";

type Arch = HostContext["arch"];

/** `templates/guest/disk/disk.json`: what a virtual machine needs beyond the packages of `packages.json`. */
interface DiskTemplate {
  readonly packages: readonly string[];
  readonly kernel: Readonly<Record<Arch, string>>;
  /** Folders of /lib/modules/VERSION/kernel that no virtual machine uses. */
  readonly excludedModules: readonly string[];
  readonly initramfsModules: readonly string[];
  /** Packages that are installed only while the boot files are created. */
  readonly bootTools: Readonly<Record<Arch, readonly string[]>>;
  readonly maskedUnits: readonly string[];
}

export interface DiskRecipe extends Pick<GuestRecipe, "suite" | "disabledUnits"> {
  readonly packages: readonly string[];
  readonly excludedModules: readonly string[];
  readonly initramfsModules: readonly string[];
  readonly bootTools: readonly string[];
  readonly maskedUnits: readonly string[];
}

/** Raise when the builder changes what it builds in a way that the templates do not show. */
const revision = 1;

export const diskFolder = (): string => join(guestFolder(), "disk");

export async function diskRecipe(arch: Arch, runtime = defaultRuntimeName): Promise<DiskRecipe> {
  const template = JSON.parse(await readFile(join(diskFolder(), "disk.json"), "utf8")) as DiskTemplate;
  const { suite, packages, disabledUnits } = await guestRecipe(runtime);
  const bootTools = template.bootTools[arch];
  return {
    suite,
    disabledUnits,
    packages: [...packages, ...template.packages, template.kernel[arch], ...bootTools],
    excludedModules: template.excludedModules,
    initramfsModules: template.initramfsModules,
    bootTools,
    maskedUnits: template.maskedUnits,
  };
}

/** Content key: covers everything we decide, not what the archive contains that day. */
export async function diskKey(arch: Arch, runtime = defaultRuntimeName): Promise<string> {
  const names = (await readdir(diskFolder())).sort().map((name) => join("disk", name));
  const hash = createHash("sha256").update(
    `disk ${revision} ${arch} ${JSON.stringify(await guestRecipe(runtime))}`,
  );
  for (const name of ["sshd.conf", ...names]) hash.update(await readFile(join(guestFolder(), name)));
  return hash.digest("hex").slice(0, 16);
}
