import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../src/contract/host.ts";
import { type Engine, homeLabel, ownerLabel } from "./engine.ts";

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

export type Kind = "container" | "volume" | "network";

/** Whether the object exists, carries our label with that owner and is of this state folder; rejects with DRIVER_NAME_TAKEN or DRIVER_OTHER_HOME when it is somebody else's. */
export async function ours(
  engine: Engine,
  kind: Kind,
  name: string,
  owner: string,
  c: RunContext,
): Promise<boolean> {
  const facts = (await engine.inspect(kind, name, { signal: c.signal, timeoutMs: 20_000 })) as
    Labelled | undefined;
  if (!facts) return false;
  const labels = labelsOf(facts);
  const other = otherHome(labels, c.host);
  if (other !== undefined)
    throw new LocalkubeError("DRIVER_OTHER_HOME", { kind, name, home: other, note: noteAbout(other) });
  if (labels[ownerLabel] === owner) return true;
  throw new LocalkubeError("DRIVER_NAME_TAKEN", { driver: engine.dialect.program, kind, name });
}

/** A container has its labels in Config, a volume at the top level; podman spells a network's keys in lower case. */
interface Labelled {
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

const labelsOf = (facts: Labelled): Readonly<Record<string, string>> =>
  facts.Config?.Labels ?? facts.Labels ?? facts.labels ?? {};
