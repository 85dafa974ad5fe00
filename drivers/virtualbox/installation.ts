import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { HostContext } from "../../src/contract/host.ts";
import { findProgram } from "../../src/host/find-program.ts";
import { compareReleases } from "../../src/host/versions.ts";

type Host = Pick<HostContext, "env" | "platform" | "run">;

const variable = "LOCALKUBE_VBOXMANAGE";
const macFile = "/Applications/VirtualBox.app/Contents/MacOS/VBoxManage";
const windowsFolder = "Program Files\\Oracle\\VirtualBox";
const registryKey = "HKLM\\SOFTWARE\\Oracle\\VirtualBox";
const registryMs = 3000;

/**
 * VBoxManage of this host: the one LOCALKUBE_VBOXMANAGE names (not checked), the one on PATH, or where the vendor's installers put it; inside
 * WSL it is Windows' own. Undefined when there is none.
 */
export async function findVBoxManage(host: Host): Promise<string | undefined> {
  const { env, platform } = host;
  const named = env[variable];
  if (named) return named;
  const onPath = await findProgram(platform === "win32" ? "VBoxManage.exe" : "VBoxManage", host);
  if (onPath !== undefined) return onPath;
  if (platform === "darwin") return firstOf([macFile]);
  if (platform === "win32") return (await firstOf(windowsFiles(env))) ?? fromRegistry(host);
  return isWsl(env) ? ((await findProgram("VBoxManage.exe", host)) ?? firstOf([wslFile])) : undefined;
}

/** Inside the Windows Subsystem for Linux (its interop sets the variable in every shell). */
export const isWsl = (env: HostContext["env"]): boolean => Boolean(env["WSL_DISTRO_NAME"]);

const wslFile = `/mnt/c/${windowsFolder.replaceAll("\\", "/")}/VBoxManage.exe`;

/** The installers' variables may name several folders, separated by semicolons; people also move programs to drives other than C:. */
export function windowsFiles(env: HostContext["env"]): readonly string[] {
  const named = [env["VBOX_MSI_INSTALL_PATH"], env["VBOX_INSTALL_PATH"]].flatMap((value) =>
    (value ?? "").split(";"),
  );
  const programFiles = [env["ProgramW6432"], env["ProgramFiles"]].map(
    (folder) => folder && `${folder}\\Oracle\\VirtualBox`,
  );
  const guesses = ["C", "D", "E"].map((drive) => `${drive}:\\${windowsFolder}`);
  return [...named, ...programFiles, ...guesses]
    .flatMap((folder) => (folder ? [`${folder.replace(/\\+$/, "")}\\VBoxManage.exe`] : []))
    .filter((file, index, all) => all.indexOf(file) === index);
}

async function fromRegistry(host: Host): Promise<string | undefined> {
  const argv = ["reg.exe", "query", registryKey, "/v", "InstallDir"] as const;
  const found = await host
    .run([...argv], { timeoutMs: registryMs, allowFailure: true })
    .catch(() => undefined);
  const folder = installDirOf(found?.stdout ?? "");
  return folder === undefined ? undefined : firstOf([`${folder.replace(/\\+$/, "")}\\VBoxManage.exe`]);
}

/** Parses `    InstallDir    REG_SZ    D:\Programs\VirtualBox\`. */
export const installDirOf = (output: string): string | undefined =>
  /^\s*InstallDir\s+REG_SZ\s+(.+?)\s*$/m.exec(output)?.[1];

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files)
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  return undefined;
}

/** How to install VirtualBox on this host. Debian itself has it only in sid, so there is no package to name. */
export const installHint = ({ platform }: Pick<HostContext, "platform">): string =>
  platform === "darwin"
    ? "brew install --cask virtualbox"
    : "Install VirtualBox 7.2 from https://www.virtualbox.org/wiki/Downloads, or name it in LOCALKUBE_VBOXMANAGE";

/** From `VBoxManage --version`, whose last line is `7.1.12r169651` or `7.1.12_Ubuntur169389`; warnings may precede it. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As VirtualBox writes it. */
  readonly text: string;
}

/** Undefined when no line is a version. */
export function parseVersion(output: string): Version | undefined {
  for (const line of output.split(/\r?\n/).reverse()) {
    const found = /^(\d+)\.(\d+)\.(\d+)\S*$/.exec(line.trim());
    if (found) {
      const [text, major, minor, patch] = found;
      return { major: Number(major), minor: Number(minor), patch: Number(patch), text };
    }
  }
  return undefined;
}

/** Whether it is that version or newer. */
export const atLeast = ({ major, minor, patch }: Version, release: string): boolean =>
  compareReleases(`${major}.${minor}.${patch}`, release) >= 0;

/** What VBoxManage prints besides the version: it warns about a missing kernel module there. Empty when all is well. */
export const warningsOf = (output: string): string =>
  output
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/^\d+\.\d+\.\d+\S*$/.test(line.trim()))
    .map((line) => line.trim())
    .join(" ");

/**
 * The path in the form VBoxManage expects: inside WSL VirtualBox is a Windows program, and `wslpath` returns the Windows path of the file.
 * Everywhere else it is the path itself.
 */
export async function hostPath(file: string, host: HostContext, signal?: AbortSignal): Promise<string> {
  if (host.platform !== "linux" || !isWsl(host.env)) return file;
  const { stdout } = await host.run(["wslpath", "-a", "-w", file], {
    timeoutMs: 5000,
    ...(signal ? { signal } : {}),
  });
  return stdout.trim();
}

/** Whether VirtualBox's `location` is inside `folder`; Windows ignores case and the kind of slash. */
export function isInside(location: string, folder: string): boolean {
  const windows = /^[A-Za-z]:[\\/]|^\\\\/.test(folder);
  const plain = (path: string): string => (windows ? path.replaceAll("\\", "/").toLowerCase() : path);
  return plain(location).startsWith(`${plain(folder).replace(/\/+$/, "")}/`);
}
