import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { HostContext } from "../../src/contract/host.ts";
import { homeLabel, ownerLabel } from "./engine.ts";

type Labels = Readonly<Record<string, string>>;
type Host = Pick<HostContext, "stateDir">;

/** Options that label what we create: with the machine's name and its owner. */
export const ownerOptions = (machine: string, host: Host): readonly string[] => [
  ...["--label", `${ownerLabel}=${machine}`],
  ...["--label", `${homeLabel}=${labelText(realPath(host.stateDir))}`],
];

/**
 * The other state folder that an object with these labels belongs to; undefined when it is ours. Only the folder's path decides, with
 * symbolic links resolved: whether that folder exists says nothing about who owns the machine. It may be in a home directory that this user
 * cannot read, or on a disk that is not mounted now. Anyone who sets LOCALKUBE_HOME to that path can remove the machine at any time.
 */
export function otherHome(labels: Labels, host: Host): string | undefined {
  const home = homeOf(labels);
  // Without the label it was created before there was one.
  if (home === undefined || realPath(home) === realPath(host.stateDir)) return undefined;
  return home;
}

/** Explanation for an error about a folder that does not clearly exist; empty when it exists. */
export function noteAbout(home: string): string {
  switch (folderState(home)) {
    case "there":
      return "";
    case "missing":
      return " (which is not there now)";
    case "unknown":
      return " (which this user cannot look into)";
  }
}

/** `unknown` when this cannot be determined from here: no permission, or a file system that does not respond. */
export function folderState(folder: string): "there" | "missing" | "unknown" {
  try {
    lstatSync(folder);
    return "there";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unknown";
  }
}

/** Absolute, with symbolic links resolved in the part of it that exists: a folder has one such path, before and after it is created. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}

/** podman parses some labels as CSV, where commas and quotes are special, and no engine's listing preserves a newline. */
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
