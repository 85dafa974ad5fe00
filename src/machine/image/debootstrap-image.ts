import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { shellQuote } from "../../host/run-command.ts";
import { buildFailure, defaultArchive } from "./build-failure.ts";
import { guestFolder, guestRecipe, unitLists } from "./guest-recipe.ts";

const timeoutMs = 1_200_000;
/** mmdebstrap waits for its children, which need the signal too, and removes its temporary root. */
const cleanUpMs = 60_000;
/** Part of mmdebstrap. With it the root is merged-/usr from the start, and the package usrmerge with all of perl (50 MB) is not installed. */
const mergedUsr = "/usr/share/mmdebstrap/hooks/merged-usr";

/** Builds the root file system into a tar with mmdebstrap; without root rights in a user namespace. */
export async function debootstrapImage(file: string, c: RunContext): Promise<void> {
  const recipe = await guestRecipe();
  const folder = guestFolder();
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"];
  const hasMergedUsr = await access(mergedUsr).then(
    () => true,
    () => false,
  );
  // The script's text, not its path: in a user namespace this user's home may be unreadable. (copy-in reads outside of it.)
  const prepareRoot = await readFile(join(folder, "prepare-root.sh"), "utf8");
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
        // Half of it is useless after a power cut: it is built again.
        "--dpkgopt=force-unsafe-io",
        ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        `--customize-hook=copy-in ${shellQuote([join(folder, "sshd.conf")])} /etc/ssh/sshd_config.d`,
        `--customize-hook=${prepareRoot}`,
        recipe.suite,
        file,
        ...(mirror ? [mirror] : []),
      ],
      {
        signal: c.signal,
        timeoutMs,
        cleanUpMs,
        env: unitLists(recipe),
        onLine: (line) => {
          lines.push(line);
          c.log(line);
          if (line.startsWith("I: ")) c.report({ message: shortened(line) });
        },
      },
    );
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    const place = { suite: recipe.suite, archive: mirror ?? defaultArchive, tarFolder: dirname(file) };
    throw buildFailure(lines, error, place, c.host);
  }
}

const shortened = (line: string): string => line.slice(3).replace(/\.\.\.$|: sh -c .*$/, "");
