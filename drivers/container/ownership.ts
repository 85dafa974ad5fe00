import { existsSync } from "node:fs";
import type { HostContext } from "../../src/contract/host.ts";
import { homeLabel, ownerLabel } from "./engine.ts";

type Labels = Readonly<Record<string, string>>;

/** Options that mark what we make: the machine's name, and whose it is. */
export const ownerOptions = (machine: string, host: Pick<HostContext, "stateDir">): readonly string[] => [
  ...["--label", `${ownerLabel}=${machine}`],
  ...["--label", `${homeLabel}=${host.stateDir}`],
];

/**
 * The other state folder that something with these labels belongs to; undefined when it is ours or that folder is gone, so that nobody
 * can remove it any more but us.
 */
export function otherHome(labels: Labels, host: Pick<HostContext, "stateDir">): string | undefined {
  const home = labels[homeLabel];
  return home === undefined || home === host.stateDir || !existsSync(home) ? undefined : home;
}
