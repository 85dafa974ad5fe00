import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ScpPath } from "../../machine/ssh/openssh.ts";

/** A copy request, parsed. */
export interface CopyPaths {
  readonly profile: string;
  readonly from: ScpPath;
  readonly to: ScpPath;
}

/**
 * Parses `SRC DST`: `:/path` is a path in the machine, `two:/path` one in that profile's machine, everything else is on this host (write
 * `./a:b` for a name with a colon). Rejects with COPY_SIDES unless exactly one is in a machine, COPY_PROFILE_CONFLICT when `--profile`
 * names another profile.
 */
export function copyPaths(
  source: string,
  target: string,
  profile: { readonly name: string; readonly given: boolean },
): CopyPaths {
  const [from, to] = [parse(source), parse(target)];
  if ((from.remote === undefined) === (to.remote === undefined)) throw new LocalkubeError("COPY_SIDES");
  const named = from.profile || to.profile;
  if (named && profile.given && named !== profile.name)
    throw new LocalkubeError("COPY_PROFILE_CONFLICT", { named, profile: profile.name });
  return { profile: named || profile.name, from: toScpPath(from), to: toScpPath(to) };
}

interface Parsed {
  readonly text: string;
  readonly profile?: string;
  readonly remote?: string;
}

function parse(text: string): Parsed {
  const [, profile, remote] = /^([^/:]*):(.*)$/s.exec(text) ?? [];
  return profile === undefined || remote === undefined
    ? { text }
    : { text, profile, remote: literal(remote) };
}

/** Relative paths start in root's home anyway; any other `~` would be a user's home for scp and a literal name for our other commands. */
function literal(path: string): string {
  const inHome = path.replace(/^~(\/+|$)/, "");
  if (inHome === "") return ".";
  return inHome.startsWith("~") ? `./${inHome}` : inHome;
}

const toScpPath = ({ text, remote }: Parsed): ScpPath =>
  remote === undefined ? { local: text } : { remote };
