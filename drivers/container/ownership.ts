import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { HostContext } from "../../src/contract/host.ts";
import { homeLabel, ownerLabel } from "./engine.ts";

type Labels = Readonly<Record<string, string>>;
type Host = Pick<HostContext, "stateDir">;

/** Options that mark what we make: the machine's name, and whose it is. */
export const ownerOptions = (machine: string, host: Host): readonly string[] => [
  ...["--label", `${ownerLabel}=${machine}`],
  ...["--label", `${homeLabel}=${labelText(realPath(host.stateDir))}`],
];

/**
 * The other state folder that something with these labels belongs to; undefined when it is ours. The folder's path alone decides, with
 * links followed: whether that folder is there says nothing about whose the machine is. It may lie in a home that this user cannot
 * read, or on a disk that is not mounted now. Whoever uses that path as LOCALKUBE_HOME can remove the machine at any time.
 */
export function otherHome(labels: Labels, host: Host): string | undefined {
  const home = homeOf(labels);
  // Without the label it was made before there was one.
  if (home === undefined || realPath(home) === realPath(host.stateDir)) return undefined;
  return home;
}

/** Words for an error about a folder that is not plainly there; empty when it is. */
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

/** `unknown` when nobody can tell from here: no rights, or a file system that does not answer. */
export function folderState(folder: string): "there" | "missing" | "unknown" {
  try {
    lstatSync(folder);
    return "there";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unknown";
  }
}

/** Absolute, with the links followed of as much of it as is there: one folder has one such path, before and after it is made. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}

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
