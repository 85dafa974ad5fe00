import { readdir, stat } from "node:fs/promises";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { CommandOptions, HostContext, RunContext } from "../contract/host.ts";
import { debianPackages } from "./debian-package.ts";
import { findProgram, missingPrograms } from "./find-program.ts";
import { osRelease } from "./os-release.ts";

export interface InstallOptions {
  /**
   * Called once with what would be installed; false rejects with HOST_PACKAGES_MISSING.
   * `--yes` answers true; without a terminal the answer is false.
   */
  readonly confirm: (packages: readonly string[], command: string) => Promise<boolean>;
  /** Folder with apt's package lists and the file that names the distribution, for tests. */
  readonly aptLists?: string;
  readonly osReleaseFile?: string;
}

const listsGoodForMs = 7 * 24 * 3600 * 1000;
const updateTimeoutMs = 180_000;
const installTimeoutMs = 900_000;
/** Enough to download, unpack and configure the packages, also on a slow disk. */
const settleMs = 180_000;
/** If another apt is running (unattended upgrades), wait for it instead of failing. */
const patience = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"] as const;
const quiet = { DEBIAN_FRONTEND: "noninteractive", APT_LISTCHANGES_FRONTEND: "none" };

/** Debian packages that contain the missing programs. Read-only. */
export async function missingPackages(
  programs: readonly string[],
  host: Pick<HostContext, "env">,
): Promise<readonly string[]> {
  return debianPackages(await missingPrograms(programs, host));
}

/** The one line a user can paste to install packages. */
export function installCommand(packages: readonly string[], host: Pick<HostContext, "isRoot">): string {
  const sudo = host.isRoot ? "" : "sudo ";
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/**
 * Installs missing Debian packages, after `confirm`; does nothing when none is missing. Rejects with HOST_PACKAGES_MISSING (not
 * root, or not confirmed) naming the command to run, HOST_PACKAGES_UNSUPPORTED on other distributions, HOST_PACKAGES_FAILED with apt's
 * last lines. Progress goes to `c.report`, apt's output to `c.log`.
 */
export async function installPackages(
  packages: readonly string[],
  c: RunContext,
  { confirm, aptLists = "/var/lib/apt/lists", osReleaseFile }: InstallOptions,
): Promise<void> {
  if (packages.length === 0) return;
  await assertDebian(packages, c.host, osReleaseFile);
  const wanted = await notInstalled(packages, c);
  if (wanted.length === 0) return;
  const command = installCommand(wanted, c.host);
  if (!c.host.isRoot || !(await confirm(wanted, command)))
    throw new LocalkubeError("HOST_PACKAGES_MISSING", { packages: wanted.join(", "), command });
  try {
    await updateAndInstall(wanted, c, aptLists);
  } catch (cause) {
    c.signal.throwIfAborted();
    throw failed(wanted, command, cause);
  }
  const stillMissing = await notInstalled(wanted, c);
  if (stillMissing.length > 0) throw failed(stillMissing, command, undefined);
}

async function updateAndInstall(packages: readonly string[], c: RunContext, aptLists: string): Promise<void> {
  const isFresh = await areListsFresh(aptLists);
  if (!isFresh) await update(c);
  try {
    await install(packages, c);
  } catch (problem) {
    // Lists may be recent and still name files that the archive has replaced since.
    if (!isFresh || c.signal.aborted) throw problem;
    await update(c);
    await install(packages, c);
  }
}

async function update(c: RunContext): Promise<void> {
  c.report({ message: "Package lists" });
  await apt(["update"], c, updateTimeoutMs);
}

async function install(packages: readonly string[], c: RunContext): Promise<void> {
  c.report({ message: `Packages ${packages.join(", ")}` });
  const wanted = ["-y", "--no-install-recommends", ...packages];
  // The long-running part may be interrupted; the part that would leave packages half configured may not.
  await apt(["install", "--download-only", ...wanted], c, installTimeoutMs);
  await apt(["install", ...wanted], c, installTimeoutMs, { settleMs });
}

async function apt(
  args: readonly string[],
  c: RunContext,
  timeoutMs: number,
  settle: Pick<CommandOptions, "settleMs"> = {},
): Promise<void> {
  const { signal, log } = c;
  const options = { signal, timeoutMs, env: quiet, onLine: log, ...settle };
  await c.host.run(["apt-get", ...patience, ...args], options);
}

/** Packages that are not installed according to dpkg, including unknown ones. */
async function notInstalled(
  packages: readonly string[],
  { host, signal }: RunContext,
): Promise<readonly string[]> {
  const format = "${Package} ${db:Status-Status}\\n";
  const query = ["dpkg-query", "--show", `--showformat=${format}`, ...packages] as const;
  // It exits with 1 when one of them is unknown, but still reports the others.
  const { stdout } = await host.run([...query], { signal, timeoutMs: 20_000, allowFailure: true });
  const installed = new Set(
    stdout.split("\n").flatMap((line) => (line.endsWith(" installed") ? line.split(" ")[0] : [])),
  );
  return packages.filter((name) => !installed.has(name));
}

async function assertDebian(packages: readonly string[], host: HostContext, file?: string): Promise<void> {
  const { family, prettyName } = await osRelease(file);
  if (family.includes("debian") && (await findProgram("apt-get", host))) return;
  throw new LocalkubeError("HOST_PACKAGES_UNSUPPORTED", {
    packages: packages.join(", "),
    system: prettyName,
  });
}

async function areListsFresh(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  if (!names.some((name) => /_(?:In)?Release$/.test(name))) return false;
  // Files have the archive's dates; the folders change when apt works in them.
  const folders = await Promise.all(
    [folder, `${folder}/partial`].map((path) => stat(path).catch(() => undefined)),
  );
  const youngest = Math.max(...folders.map((status) => status?.mtimeMs ?? 0));
  return Date.now() - youngest < listsGoodForMs;
}

function failed(packages: readonly string[], command: string, cause: unknown): LocalkubeError {
  const output = cause instanceof LocalkubeError ? cause.output : undefined;
  const details = output === undefined ? { cause } : { cause, output };
  return new LocalkubeError("HOST_PACKAGES_FAILED", { packages: packages.join(", "), command }, details);
}
