import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, release } from "node:os";
import { join } from "node:path";

/** The product's cache of this user. */
export const cacheFolder = (env: NodeJS.ProcessEnv): string =>
  join(env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache"), "localkube");

/**
 * What tests depend on that lies outside the repository: Node.js, the kernel and what it offers, the versions of the Debian packages, and the
 * content of the images and rigs in the cache (by their records, which hold digests). Plain data, in a fixed order.
 */
export function surroundings(
  packages: readonly string[],
  cache: string,
): Readonly<Record<string, string | boolean | readonly string[]>> {
  return {
    node: process.version,
    system: `${process.platform} ${process.arch} ${release()}`,
    isRoot: process.getuid?.() === 0,
    hasKvm: existsSync("/dev/kvm"),
    hasUnifiedCgroups: existsSync("/sys/fs/cgroup/cgroup.controllers"),
    packages: versions(packages),
    images: ["images", "test-images"].flatMap((folder) =>
      contents(join(cache, folder), (name) => (name.endsWith(".json") ? name : undefined)),
    ),
    // A root's list of installed packages is what it is made of.
    rigs: contents(join(cache, "test"), (name) => `${name}/var/lib/dpkg/status`),
  };
}

function versions(packages: readonly string[]): readonly string[] {
  // A package that is not installed makes dpkg-query fail, after it told the others.
  const format = "${Package} ${Version} ${db:Status-Status}\\n";
  try {
    const argv = ["-W", "-f", format, ...packages];
    const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
    return lines(execFileSync("dpkg-query", argv, { encoding: "utf8", stdio, timeout: 60_000 }));
  } catch (error) {
    return lines(String((error as { stdout?: string }).stdout ?? ""));
  }
}

/** `<name> <digest>` of a file for each entry of the folder that has one. */
function contents(folder: string, fileOf: (entry: string) => string | undefined): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((entry) => {
      const file = fileOf(entry);
      if (file === undefined || !existsSync(join(folder, file))) return [];
      const digest = createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex");
      return [`${entry} ${digest}`];
    });
}

const lines = (text: string): readonly string[] => text.split("\n").filter(Boolean).sort();
