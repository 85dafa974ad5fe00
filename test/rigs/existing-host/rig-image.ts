import { createHash } from "node:crypto";
import { access, mkdir, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../e2e/kit/workspace.ts";

/** A small Debian as somebody may have it: systemd, sshd, sudo, and nothing of a Kubernetes node. */
const recipe = {
  suite: "bookworm",
  packages: ["systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "iptables", "procps", "netbase"],
  // What hangs or complains in a container; a user's own image would not have it either.
  masked: [
    ...["getty.target", "systemd-remount-fs.service", "modprobe@.service", "dev-hugepages.mount"],
    ...["sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"],
  ],
};

const key = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 12);
const image = `localhost/localkube-test-host:${key}`;

/** The image for podman; its root is made once (a minute, from the Debian archive) and kept beside the product's cache. */
export async function rigImage(): Promise<string> {
  if ((await runProgram(["podman", "image", "exists", image])).exitCode === 0) return image;
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "localkube-test");
  const file = join(folder, `existing-host-${key}.tar`);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await mkdir(folder, { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    await succeed([
      ...["mmdebstrap", "--variant=minbase", "--format=tar", `--include=${recipe.packages.join(",")}`],
      ...["--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Languages "none"'],
      `--customize-hook=chroot "$1" systemctl mask ${recipe.masked.join(" ")}`,
      // Every host makes its own.
      '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*; : > "$1/etc/machine-id"',
      ...[recipe.suite, unfinished],
    ]);
    await rename(unfinished, file);
  }
  await succeed(["podman", "import", file, image]);
  return image;
}

async function succeed(argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(argv, { timeoutMs: 1_200_000 });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}\n${stderr}`);
}
