import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../../src/contract/host.ts";
import { makeImageFile } from "../../../src/host/image-file/make-image-file.ts";
import { guestFolder, guestRecipe, imageKey, unitLists } from "../../../src/machine/image/guest-recipe.ts";

/**
 * Debian with cloud-init and a stock sshd, as a provider's image has them, plus the packages of a node: the rig's servers have no way
 * to an archive. cloud-init finds its seed where a provider of containers puts it; the network is set up by the engine.
 */
const packages = ["cloud-init", "sudo"];
const configuration = `datasource_list: [NoCloud, None]
network: { config: disabled }
locale: false
apt_preserve_sources_list: true
`;
const mergedUsr = "/usr/share/mmdebstrap/hooks/merged-usr";
const buildMs = 900_000;
/** As for the machine image: mmdebstrap removes its temporary root itself when it is told to end. */
const cleanUpMs = 60_000;

/** The rig's image as a tar in the user's cache, built once per content key (a minute and a half). */
export async function serverImage(c: RunContext): Promise<{ readonly file: string; readonly key: string }> {
  const hash = createHash("sha256").update(
    JSON.stringify([await imageKey(c.host.arch), packages, configuration]),
  );
  const key = hash.digest("hex").slice(0, 16);
  const file = join(c.host.cacheDir, "test-images", `packet-server-${key}.tar`);
  await makeImageFile(file, c, async (partial, locked) => {
    await build(partial, locked);
    return partial;
  });
  return { file, key };
}

async function build(file: string, c: RunContext): Promise<void> {
  const recipe = await guestRecipe();
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"];
  const prepareRoot = await readFile(join(guestFolder(), "prepare-root.sh"), "utf8");
  const hasMergedUsr = await access(mergedUsr).then(
    () => true,
    () => false,
  );
  await c.host.run(
    [
      "mmdebstrap",
      "--variant=minbase",
      "--format=tar",
      "--mode=root",
      ...(hasMergedUsr ? [`--hook-dir=${mergedUsr}`] : []),
      `--include=${[...recipe.packages, ...packages].join(",")}`,
      `--aptopt=Acquire::Languages "none"`,
      `--aptopt=Acquire::Retries "3"`,
      "--dpkgopt=force-unsafe-io",
      ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      `--customize-hook=${prepareRoot}`,
      `--customize-hook=printf %s "$rig_configuration" > "$1/etc/cloud/cloud.cfg.d/99-rig.cfg"`,
      recipe.suite,
      file,
      ...(mirror ? [mirror] : []),
    ],
    {
      signal: c.signal,
      timeoutMs: buildMs,
      cleanUpMs,
      env: { ...unitLists(recipe), rig_configuration: configuration },
      onLine: c.log,
    },
  );
}
