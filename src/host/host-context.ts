import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import { runCommand } from "./run-command.ts";

/** Variables that each name one folder; all such variables that this program, its drivers and its units read. */
const folderVariables = [
  "HOME",
  "LOCALKUBE_HOME",
  "TMPDIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
] as const;

/** Node's names of the architectures for which there are machine images and artifacts, with Go's names. */
const architectures: Readonly<Record<string, HostContext["arch"]>> = { x64: "amd64", arm64: "arm64" };

/**
 * The real host, with localkube's two folders taken from the environment. Every path in it is absolute: paths are stored, compared and
 * written into units, and must mean the same in any working directory. Reads no file. Throws HOST_ARCH_UNSUPPORTED for architectures other
 * than x64 and arm64.
 */
export function hostContext(
  environment: NodeJS.ProcessEnv = process.env,
  architecture: string = process.arch,
): HostContext {
  const arch = architectures[architecture];
  if (!arch) throw new LocalkubeError("HOST_ARCH_UNSUPPORTED", { arch: architecture });
  const env = withAbsolutePaths(environment);
  const home = env["HOME"] || homedir();
  return {
    run: runCommand,
    env,
    platform: process.platform,
    arch,
    isRoot: process.getuid?.() === 0,
    stateDir: env["LOCALKUBE_HOME"] || join(home, ".localkube"),
    cacheDir: join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "localkube"),
  };
}

/** Empty values stay empty, which is the same as unset. kubectl ignores an empty entry of KUBECONFIG, too. */
function withAbsolutePaths(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const folders = folderVariables.flatMap((name) => {
    const value = env[name];
    return value ? [[name, resolve(value)] as const] : [];
  });
  const kubeconfig = env["KUBECONFIG"];
  const files = kubeconfig
    ?.split(delimiter)
    .map((entry) => (entry === "" ? "" : resolve(entry)))
    .join(delimiter);
  return {
    ...env,
    ...Object.fromEntries(folders),
    ...(files === undefined ? {} : { KUBECONFIG: files }),
  };
}
