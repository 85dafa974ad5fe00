import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../contract/host.ts";
import { shellQuote } from "../../host/run-command.ts";
import { buildDebianRoot } from "./debian-root.ts";
import { guestFolder, guestRecipe, unitLists } from "./guest-recipe.ts";

/** Builds the root file system of a container machine into a tar with mmdebstrap. */
export async function debootstrapImage(file: string, c: RunContext): Promise<void> {
  const recipe = await guestRecipe();
  const folder = guestFolder();
  // The script's text, not its path: in a user namespace this user's home may be unreadable. (copy-in reads outside of it.)
  const prepareRoot = await readFile(join(folder, "prepare-root.sh"), "utf8");
  const root = {
    packages: recipe.packages,
    options: [
      `--customize-hook=copy-in ${shellQuote([join(folder, "sshd.conf")])} /etc/ssh/sshd_config.d`,
      `--customize-hook=${prepareRoot}`,
    ],
    suite: recipe.suite,
    target: file,
  };
  await buildDebianRoot(root, unitLists(recipe), c);
}
