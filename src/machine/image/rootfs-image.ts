import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MachineImage } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { packageRoot } from "../../host/package-root.ts";

interface GuestPackages {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly disabledUnits: readonly string[];
}

/** Raise when this file changes what it builds in a way that the templates do not show. */
const recipe = 1;
const buildTimeoutMs = 1_200_000;

/** Where the machine's root file system is or will be; the key covers everything that decides its content. */
export async function rootfsImage(host: HostContext): Promise<MachineImage> {
  const folder = join(packageRoot(), "templates", "guest");
  const parts = await Promise.all(
    ["packages.json", "sshd.conf", "prepare-root.sh"].map((name) => readFile(join(folder, name))),
  );
  const hash = createHash("sha256").update(`${recipe} ${host.arch}`);
  parts.forEach((part) => hash.update(part));
  const key = hash.digest("hex").slice(0, 16);
  return { kind: "rootfs", key, file: join(host.cacheDir, "images", `machine-${key}.tar`) };
}

export const hasImage = (image: MachineImage): Promise<boolean> =>
  access(image.file).then(
    () => true,
    () => false,
  );

/**
 * Builds the root file system from the Debian archive with mmdebstrap (35 s with a near archive), once per content key. A build
 * that was killed leaves only a `.partial` file, which the next one overwrites. Rejects with DEBIAN_ROOT_FAILED.
 */
export async function buildRootfsImage(image: MachineImage, c: RunContext): Promise<void> {
  if (await hasImage(image)) return;
  const folder = join(packageRoot(), "templates", "guest");
  const guest = JSON.parse(await readFile(join(folder, "packages.json"), "utf8")) as GuestPackages;
  await mkdir(join(image.file, ".."), { recursive: true, mode: 0o700 });
  const partial = `${image.file}.${process.pid}.partial`;
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"];
  c.report({ message: "installing Debian packages" });
  try {
    await c.host.run(
      [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        `--mode=${c.host.isRoot ? "root" : "unshare"}`,
        `--include=${guest.packages.join(",")}`,
        // Debian starts some services at once; ours come with units of their own.
        `--customize-hook=chroot "$1" systemctl disable ${guest.disabledUnits.join(" ")}`,
        `--customize-hook=copy-in ${join(folder, "sshd.conf")} /etc/ssh/sshd_config.d`,
        `--customize-hook=${join(folder, "prepare-root.sh")}`,
        guest.suite,
        partial,
        ...(mirror ? [mirror] : []),
      ],
      { signal: c.signal, timeoutMs: buildTimeoutMs, onLine: (line) => reportLine(line, c) },
    );
    await rename(partial, image.file);
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "HOST_COMMAND_FAILED") throw error;
    throw new LocalkubeError(
      "DEBIAN_ROOT_FAILED",
      { suite: guest.suite },
      { cause: error, output: error.output ?? "" },
    );
  } finally {
    await rm(partial, { force: true });
  }
}

function reportLine(line: string, c: RunContext): void {
  c.log(line);
  if (line.startsWith("I: ")) c.report({ message: line.slice(3).replace(/\.\.\.$/, "") });
}
