import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hostContext } from "../../../src/host/host-context.ts";
import { enterRoot } from "./enter-root.ts";

/** VirtualBox is in the component contrib of Debian's unstable suite alone. */
const recipe = {
  revision: 1,
  suite: "sid",
  components: "main,contrib",
  packages: ["virtualbox"],
  options: [
    "--variant=apt",
    `--aptopt=APT::Install-Recommends "false"`,
    `--aptopt=Acquire::Languages "none"`,
    `--aptopt=Acquire::Retries "3"`,
    // A mirror of sid may be older than its signature allows.
    `--aptopt=Acquire::Check-Valid-Until "false"`,
    "--dpkgopt=force-unsafe-io",
    ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
  ],
};
const buildMs = 900_000;

/**
 * A Debian sid root with the real VirtualBox, in this user's cache: made once (a minute), and again when the VBoxManage in it does not
 * answer. Needs root rights and a Debian archive.
 */
export async function virtualBoxRoot(): Promise<string> {
  const { cacheDir, run, env } = hostContext();
  const key = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const root = join(cacheDir, "test", `virtualbox-${key}`);
  if (await answers(root)) return root;
  const part = `${root}.${process.pid}`;
  await mkdir(join(cacheDir, "test"), { recursive: true });
  try {
    const mirror = env["LOCALKUBE_DEBIAN_MIRROR"] ?? "http://deb.debian.org/debian";
    await run(
      [
        "mmdebstrap",
        "--mode=root",
        "--format=directory",
        ...recipe.options,
        `--components=${recipe.components}`,
        `--include=${recipe.packages.join(",")}`,
        recipe.suite,
        part,
        mirror,
      ],
      { timeoutMs: buildMs },
    );
    // Made by another at the same time, or damaged: what cannot be used makes room.
    if (!(await answers(root))) {
      await rm(root, { recursive: true, force: true });
      await rename(part, root);
    }
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  if (!(await answers(root))) throw new Error(`the VBoxManage in ${root} does not answer`);
  return root;

  async function answers(folder: string): Promise<boolean> {
    return run([...enterRoot(folder, []), "/usr/lib/virtualbox/VBoxManage", "--version"], {
      timeoutMs: 20_000,
    }).then(
      ({ stdout }) => /^7\.\d+\.\d+/.test(stdout),
      () => false,
    );
  }
}
