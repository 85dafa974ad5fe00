import type { HostContext } from "../../src/contract/host.ts";
import { platforms } from "./platform.ts";

/**
 * The newest version of our machine type that this QEMU has, as `pc-q35-7.2`: a machine keeps what it was made with, for memory saved by
 * one version loads only into the same.
 */
export async function machineType(host: Pick<HostContext, "run" | "arch">): Promise<string> {
  const { program, machineAlias } = platforms[host.arch];
  const { stdout } = await host.run([program, "-machine", "help"], { timeoutMs: 10_000 });
  return versionOf(stdout, machineAlias);
}

/** Reads `q35   Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)`; the alias itself where the list names no other. */
export const versionOf = (list: string, alias: string): string =>
  new RegExp(`^${alias}\\s.*\\(alias of (\\S+)\\)`, "m").exec(list)?.[1] ?? alias;
