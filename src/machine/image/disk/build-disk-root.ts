import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../../contract/host.ts";
import { shellQuote } from "../../../host/run-command.ts";
import { buildFailure, defaultArchive } from "../build-failure.ts";
import { guestFolder } from "../guest-recipe.ts";
import { diskFolder, diskRecipe } from "./disk-recipe.ts";

const timeoutMs = 1_200_000;
/** As in debootstrap-image.ts. */
const cleanUpMs = 60_000;
/** As in debootstrap-image.ts. */
const mergedUsr = "/usr/share/mmdebstrap/hooks/merged-usr";

/** The root file system of a virtual machine as a tar, its boot files in /boot/localkube; without root rights in a user namespace. */
export async function buildDiskRoot(file: string, c: RunContext): Promise<void> {
  const recipe = await diskRecipe(c.host.arch);
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"];
  const hasMergedUsr = await access(mergedUsr).then(
    () => true,
    () => false,
  );
  // Texts, not paths: in a user namespace this user's home may be unreadable. (copy-in and upload read outside of it.)
  const [beforeKernel, prepareRoot, bootScript] = await Promise.all(
    ["before-kernel.sh", "prepare-root.sh", "boot.sh"].map((name) =>
      readFile(join(diskFolder(), name), "utf8"),
    ),
  );
  const exclude = [
    ...["doc", "man", "locale"].map((name) => `/usr/share/${name}/*`),
    ...recipe.excludedModules.map((name) => `/lib/modules/*/kernel/${name}/*`),
  ];
  const lines: string[] = [];
  c.report({ message: "installing Debian packages" });
  try {
    await c.host.run(
      [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        `--mode=${c.host.isRoot ? "root" : "unshare"}`,
        ...(hasMergedUsr ? [`--hook-dir=${mergedUsr}`] : []),
        `--include=${recipe.packages.join(",")}`,
        `--aptopt=Acquire::Languages "none"`,
        `--aptopt=Acquire::Retries "3"`,
        "--dpkgopt=force-unsafe-io",
        ...exclude.map((path) => `--dpkgopt=path-exclude=${path}`),
        `--essential-hook=${beforeKernel}`,
        ...uploads.map(
          ([from, to]) => `--customize-hook=upload ${shellQuote([join(guestFolder(), from)])} ${to}`,
        ),
        `--customize-hook=${prepareRoot}`,
        recipe.suite,
        file,
        ...(mirror ? [mirror] : []),
      ],
      {
        signal: c.signal,
        timeoutMs,
        cleanUpMs,
        env: {
          disabled_units: recipe.disabledUnits.join(" "),
          masked_units: recipe.maskedUnits.join(" "),
          initramfs_modules: recipe.initramfsModules.join(" "),
          boot_tools: recipe.bootTools.join(" "),
          boot_script: bootScript ?? "",
        },
        onLine: (line) => {
          lines.push(line);
          c.log(line);
          if (line.startsWith("I: ")) c.report({ message: line.slice(3).replace(/\.\.\.$|: sh -c .*$/, "") });
        },
      },
    );
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    const place = { suite: recipe.suite, archive: mirror ?? defaultArchive, tarFolder: dirname(file) };
    throw buildFailure(lines, error, place, c.host);
  }
}

/** Files of templates/guest and their paths in the root. */
const uploads = [
  ["sshd.conf", "/etc/ssh/sshd_config.d/sshd.conf"],
  ["disk/grow-root.sh", "/usr/local/sbin/localkube-grow"],
  ["disk/localkube-grow.service", "/etc/systemd/system/localkube-grow.service"],
  ["disk/cloud.cfg", "/etc/cloud/cloud.cfg"],
] as const;
