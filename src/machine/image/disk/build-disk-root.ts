import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../../contract/host.ts";
import { shellQuote } from "../../../host/run-command.ts";
import { buildDebianRoot } from "../debian-root.ts";
import { guestFolder } from "../guest-recipe.ts";
import { diskFolder, diskRecipe } from "./disk-recipe.ts";

/** The root file system of a virtual machine as a tar, its boot files in /boot/localkube; without root rights in a user namespace. */
export async function buildDiskRoot(file: string, c: RunContext, runtime: string): Promise<void> {
  const recipe = await diskRecipe(c.host.arch, runtime);
  // Texts, not paths: in a user namespace this user's home may be unreadable. (copy-in and upload read outside of it.)
  const [beforeKernel, prepareRoot, bootScript] = await Promise.all(
    ["before-kernel.sh", "prepare-root.sh", "boot.sh"].map((name) =>
      readFile(join(diskFolder(), name), "utf8"),
    ),
  );
  const root = {
    packages: recipe.packages,
    exclude: recipe.excludedModules.map((name) => `/lib/modules/*/kernel/${name}/*`),
    options: [
      `--essential-hook=${beforeKernel}`,
      ...uploads.map(
        ([from, to]) => `--customize-hook=upload ${shellQuote([join(guestFolder(), from)])} ${to}`,
      ),
      `--customize-hook=${prepareRoot}`,
    ],
    suite: recipe.suite,
    target: file,
  };
  const env = {
    disabled_units: recipe.disabledUnits.join(" "),
    masked_units: recipe.maskedUnits.join(" "),
    initramfs_modules: recipe.initramfsModules.join(" "),
    boot_tools: recipe.bootTools.join(" "),
    boot_script: bootScript ?? "",
  };
  await buildDebianRoot(root, env, c);
}

/** Files of templates/guest and their paths in the root. */
const uploads = [
  ["sshd.conf", "/etc/ssh/sshd_config.d/sshd.conf"],
  ["disk/grow-root.sh", "/usr/local/sbin/localkube-grow"],
  ["disk/localkube-grow.service", "/etc/systemd/system/localkube-grow.service"],
  ["disk/cloud.cfg", "/etc/cloud/cloud.cfg"],
] as const;
