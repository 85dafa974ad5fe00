import type { Probe } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type EngineDialect, openEngine } from "./engine.ts";
import { ociRuntimeOption } from "./host-quirks.ts";

const probeTimeoutMs = 4500;

/** Whether the engine answers and can run a node: rights, cgroups, OCI runtime. Read-only, under 5 s. */
export async function probeEngine(dialect: EngineDialect, host: HostContext): Promise<Probe> {
  const { program, packages } = dialect;
  if (host.platform !== "linux") {
    return { usable: false, problem: `${program} machines need a Linux host`, fix: "Use another driver" };
  }
  const install = `sudo apt-get install -y ${packages.join(" ")}`;
  try {
    const engine = openEngine(dialect, host);
    const { stdout } = await engine.run(["info", "--format", dialect.infoFormat], {
      timeoutMs: probeTimeoutMs,
    });
    const info = dialect.parseInfo(JSON.parse(stdout));
    if (info.rootless) {
      return {
        usable: false,
        version: info.version,
        problem: `${program} runs without root rights, and a Kubernetes node needs them`,
        fix: "Run localkube as root: sudo -E localkube start",
      };
    }
    const runtime = await ociRuntimeOption(info, host);
    if (runtime.problem) {
      return { usable: false, version: info.version, problem: runtime.problem, fix: install, packages };
    }
    return { usable: true, version: info.version };
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    if (error.id === "HOST_COMMAND_NOT_FOUND") {
      return { usable: false, problem: `${program} is not installed`, fix: install, packages };
    }
    const said = error.output?.split("\n").at(-1) ?? error.message;
    const fix = program === "docker" ? "sudo systemctl start docker" : `Run ${program} info to see more`;
    return { usable: false, problem: `${program} does not answer: ${said}`, fix };
  }
}
