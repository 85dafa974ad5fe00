import { existsSync } from "node:fs";
import type { HostContext } from "../../src/contract/host.ts";
import { homeLabel, ownerLabel } from "./engine.ts";

type Labels = Readonly<Record<string, string>>;

/** Options that mark what we make: the machine's name, and whose it is. */
export const ownerOptions = (machine: string, host: Pick<HostContext, "stateDir">): readonly string[] => [
  ...["--label", `${ownerLabel}=${machine}`],
  ...["--label", `${homeLabel}=${labelText(host.stateDir)}`],
];

/**
 * The other state folder that something with these labels belongs to; undefined when it is ours or that folder is gone, so that nobody
 * can remove it any more but us.
 */
export function otherHome(labels: Labels, host: Pick<HostContext, "stateDir">): string | undefined {
  const home = homeOf(labels);
  return home === undefined || home === host.stateDir || !existsSync(home) ? undefined : home;
}

/** Whether the label names this state folder, and no other. */
export const isOfThisHome = (labels: Labels, host: Pick<HostContext, "stateDir">): boolean =>
  homeOf(labels) === host.stateDir;

/** podman reads some labels as CSV, where commas and quotes are its own, and no engine's listing keeps an end of line. */
const labelText = (path: string): string => path.replace(/[%,"'`\\\s{}]/g, encodeURIComponent);

function homeOf(labels: Labels): string | undefined {
  const text = labels[homeLabel];
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    // A path with a percent sign, from before labels were encoded.
    return text;
  }
}
