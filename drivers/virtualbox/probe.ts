import type { Probe } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { CommandResult, HostContext } from "../../src/contract/host.ts";
import {
  atLeast,
  findVBoxManage,
  hostPath,
  installHint,
  isWsl,
  parseVersion,
  type Version,
  warningsOf,
} from "./installation.ts";
import {
  blockedExtension,
  linuxProblem,
  missingModule,
  type Obstacle,
  processorProblem,
  windowsHypervisor,
} from "./obstacles.ts";

/** The whole probe must end within 5 s. */
const versionMs = 3500;
/** A program that exists but cannot be executed. */
const cannotExecute = 126;

/** Whether VirtualBox is installed, new enough, and able to start machines and create host-only adapters. Read-only. */
export async function probeVirtualBox(host: HostContext): Promise<Probe> {
  const program = await findVBoxManage(host);
  if (program === undefined)
    return { usable: false, problem: "VBoxManage is not installed", fix: installHint(host) };
  // Run in parallel: PowerShell takes a few seconds.
  const hypervisor = windowsHypervisor(host);
  try {
    const said = await host.run([program, "--version"], { timeoutMs: versionMs, allowFailure: true });
    const version = parseVersion(said.stdout);
    if (!version) return { usable: false, ...noVersion(program, said, host) };
    const found = await obstacle(program, version, said, host, hypervisor);
    if (found) return { usable: false, version: version.text, ...found };
    const emulated = await hypervisor;
    return { usable: true, version: version.text, ...(emulated === undefined ? {} : { emulated }) };
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    const hangs = error.id === "HOST_COMMAND_TIMEOUT";
    const fix = hangs
      ? "End VirtualBox' service VBoxSVC, then run the same command again"
      : `Run ${program} --version to see more`;
    return { usable: false, problem: error.message, fix };
  }
}

function noVersion(program: string, said: CommandResult, host: HostContext): Obstacle {
  const broken = said.exitCode === cannotExecute;
  return {
    problem: broken
      ? `VirtualBox' installation is damaged: ${program} cannot be executed`
      : `${program} --version reports no version: ${(said.stderr.trim() || said.stdout.trim()).slice(0, 200)}`,
    fix: `Reinstall VirtualBox: ${installHint(host)}`,
  };
}

async function obstacle(
  program: string,
  version: Version,
  { stdout, stderr }: CommandResult,
  host: HostContext,
  hypervisor: Promise<string | undefined>,
): Promise<Obstacle | undefined> {
  if (!atLeast(version, "6.1"))
    return { problem: `VirtualBox ${version.text} is older than 6.1`, fix: installHint(host) };
  if (host.arch === "arm64" && !atLeast(version, "7.1"))
    return {
      problem: `VirtualBox ${version.text} has no ARM machines; they came with 7.1`,
      fix: installHint(host),
    };
  const warnings = warningsOf(`${stdout}\n${stderr}`);
  if (host.platform === "linux" && !isWsl(host.env)) {
    if (/vboxdrv|kernel module|start VMs/i.test(warnings)) return missingModule(warnings, host);
    const problem = await linuxProblem(version, host);
    if (problem) return problem;
  }
  if (host.platform === "darwin" && !atLeast(version, "7.0")) {
    const problem = await blockedExtension(host);
    if (problem) return problem;
  }
  const folder = await stateFolderProblem(host);
  if (folder) return folder;
  const [processor, held] = await Promise.all([processorProblem(program, host), hypervisor]);
  // VirtualBox does not see what Windows' hypervisor holds, and then reports that the processor has no virtualization; the firmware is fine.
  return held === undefined ? processor : undefined;
}

/** VirtualBox is a Windows program there: it cannot keep disks inside Linux' own file system. */
async function stateFolderProblem(host: HostContext): Promise<Obstacle | undefined> {
  if (host.platform !== "linux" || !isWsl(host.env)) return undefined;
  const windows = await hostPath(host.stateDir, host);
  return windows.startsWith("\\\\")
    ? {
        problem: `Windows' VirtualBox cannot keep machines in ${host.stateDir}, which is inside WSL`,
        fix: "Put the state folder on a Windows drive: export LOCALKUBE_HOME=/mnt/c/Users/NAME/.localkube",
      }
    : undefined;
}
