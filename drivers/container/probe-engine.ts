import type { Probe } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type EngineDialect, engineInfo, openEngine } from "./engine.ts";
import { ociRuntimeOption } from "./host-quirks.ts";

const probeTimeoutMs = 4500;

/** Whether the engine answers and can run a node: permissions, cgroups, OCI runtime, network programs. Read-only, takes less than 5 s. */
export async function probeEngine(dialect: EngineDialect, host: HostContext): Promise<Probe> {
  const { program, packages, addressVariable } = dialect;
  const fail = (problem: string, fix: string, rest: Partial<Probe> = {}): Probe => ({
    usable: false,
    problem,
    fix,
    ...rest,
  });
  if (host.platform !== "linux") return fail(`${program} machines need a Linux host`, "Use another driver");
  // Its ports would be on that machine's loopback, where nobody on this host can reach them.
  if (/^(?:tcp|ssh|https?):/.test(host.env[addressVariable] ?? ""))
    return fail(`${addressVariable} points ${program} at another machine`, `unset ${addressVariable}`);
  const install = `sudo apt-get install -y ${packages.join(" ")}`;
  try {
    const info = await engineInfo(openEngine(dialect, host), { timeoutMs: probeTimeoutMs });
    const { version } = info;
    if (info.rootless)
      return fail(
        `${program} runs without root rights, and a Kubernetes node needs them`,
        "Run localkube as root: sudo -E localkube start",
        { version },
      );
    const runtime = await ociRuntimeOption(info, host);
    if (runtime.problem) return fail(runtime.problem, install, { version, packages });
    const missing = await dialect.missing?.(host);
    if (missing) return fail(`${missing}, is not installed`, install, { version, packages });
    return { usable: true, version };
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    if (error.id === "HOST_COMMAND_NOT_FOUND")
      return fail(`${program} is not installed`, install, { packages });
    const said = error.output?.split("\n").filter(Boolean).at(-1) ?? error.message;
    return fail(`${program} does not answer: ${said}`, remedy(program, said));
  }
}

function remedy(program: EngineDialect["program"], said: string): string {
  if (program === "podman") return "Run podman info to see more";
  return /permission denied/i.test(said)
    ? "Join the group docker (sudo usermod -aG docker $USER, then log in again), or run localkube as root"
    : "sudo systemctl start docker";
}
