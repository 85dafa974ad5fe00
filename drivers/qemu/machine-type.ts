import type { HostContext } from "../../src/contract/host.ts";
import { platforms } from "./platform.ts";

/**
 * The newest version of our machine type that this QEMU supports, such as `pc-q35-7.2`: a machine keeps the version it was created with,
 * because memory saved by one version loads only into the same version.
 */
export async function machineType(host: Pick<HostContext, "run" | "arch">): Promise<string> {
  const { program, machineAlias } = platforms[host.arch];
  const { stdout } = await host.run([program, "-machine", "help"], { timeoutMs: 10_000 });
  return versionOf(stdout, machineAlias);
}

/** Parses `q35   Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)`; the alias itself where the list names nothing else. */
export const versionOf = (list: string, alias: string): string =>
  new RegExp(`^${alias}\\s.*\\(alias of (\\S+)\\)`, "m").exec(list)?.[1] ?? alias;
