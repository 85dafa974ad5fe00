import { readFile } from "node:fs/promises";
import type { HostContext } from "../../src/contract/host.ts";
import { findProgram } from "../../src/host/find-program.ts";
import type { EngineInfo } from "./engine.ts";

const capSysResource = 24n;
const mostFiles = 1_048_576;
// podman 4.3 lowers its own process limit to this before it starts runc, whatever our limit is; asking for more then fails.
const mostProcesses = 32_768;

/**
 * crun refuses hosts with cgroup v1 or hybrid cgroups ("cgroups in hybrid mode not supported"), runc does not. Seen with crun 1.8 on a hybrid
 * host; runc is requested by name where it is installed.
 */
export async function ociRuntimeOption(
  info: EngineInfo,
  host: HostContext,
): Promise<{ args: readonly string[]; problem?: string }> {
  if (info.cgroupVersion === 2 || info.ociRuntime === "runc") return { args: [] };
  if (await findProgram("runc", host)) return { args: ["--runtime", "runc"] };
  return {
    args: [],
    problem: `${info.ociRuntime} cannot run machines on cgroup v1, and runc is not installed`,
  };
}

/**
 * A node's limits, whatever containers.conf says. Without CAP_SYS_RESOURCE they cannot exceed our own ("setrlimit RLIMIT_NOFILE: Operation
 * not permitted"); ours are passed on in that case.
 */
export async function ulimitOptions(): Promise<readonly string[]> {
  const [status, limits] = await Promise.all(
    ["/proc/self/status", "/proc/self/limits"].map((file) => readFile(file, "utf8")),
  );
  return ulimitsFor(status ?? "", limits ?? "");
}

/** The same, from the contents of /proc/self/status and /proc/self/limits. */
export function ulimitsFor(status: string, limits: string): readonly string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  if ((effective >> capSysResource) & 1n)
    return ["--ulimit", `nofile=${mostFiles}:${mostFiles}`, "--ulimit", `nproc=${mostFiles}:${mostFiles}`];
  const hard = (title: string): string | undefined =>
    new RegExp(`^${title}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1];
  const option = (name: string, value: string | undefined, most: number): readonly string[] => {
    const limit = value === undefined || value === "unlimited" ? most : Math.min(Number(value), most);
    return ["--ulimit", `${name}=${limit}:${limit}`];
  };
  return [
    ...option("nofile", hard("Max open files"), mostFiles),
    ...option("nproc", hard("Max processes"), mostProcesses),
  ];
}
