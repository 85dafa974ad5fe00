import type { Probe } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { findProgram } from "../../src/host/find-program.ts";
import { accelerator } from "./accelerator.ts";
import { platforms } from "./platform.ts";

const timeoutMs = 4000;
/** Introduced snapshots as jobs of the monitor. */
const oldestMajor = 6;

/** Whether QEMU is installed, new enough, and runs at native processor speed. */
export async function probeQemu(host: HostContext): Promise<Probe> {
  // Windows lacks QEMU's -daemonize, through which machines outlive the command.
  if (host.platform === "win32")
    return {
      usable: false,
      problem: "localkube does not run QEMU on Windows yet",
      fix: "Use localkube inside WSL 2, or --driver virtualbox or vmware",
    };
  const { program, packages } = platforms[host.arch];
  const { reason } = await accelerator(host);
  const emulated = reason === undefined ? {} : { emulated: reason };
  const install =
    host.platform === "darwin" ? "brew install qemu" : `sudo apt-get install -y ${packages.join(" ")}`;
  for (const needed of [program, "qemu-img"])
    if (!(await findProgram(needed, host)))
      return { usable: false, problem: `${needed} is not installed`, fix: install, packages, ...emulated };
  try {
    const { stdout } = await host.run([program, "--version"], { timeoutMs });
    const version = /version (\S+)/.exec(stdout)?.[1] ?? "";
    if (Number.parseInt(version, 10) < oldestMajor)
      return {
        usable: false,
        version,
        problem: `QEMU ${version} is older than ${oldestMajor}.0`,
        fix: "Install a newer QEMU",
        ...emulated,
      };
    return { usable: true, version, ...emulated };
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    return {
      usable: false,
      problem: error.message,
      fix: `Run ${program} --version to see more`,
      ...emulated,
    };
  }
}
