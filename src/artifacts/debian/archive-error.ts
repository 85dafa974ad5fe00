import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

const untrusted =
  /^[EW]: (.*(?:is not signed|signatures? (?:were|was|couldn)|NO_PUBKEY|BADSIG|EXPKEYSIG|Hash Sum mismatch|unexpected size|not valid yet|Release file .* expired).*)$/im;
const unreachable =
  /^[EW]: (.*(?:Could not resolve|Temporary failure|[Cc]ould not connect|Unable to connect|Connection (?:failed|refused|timed out)|Failed to fetch|does not have a Release file|404 {1,2}Not Found|File not found|certificate|Unable to locate package|Unable to find a source package).*)$/m;

/** What apt's output says about the archive; undefined when the failure was something else. */
export function archiveError(archive: string, output: string, cause?: unknown): LocalkubeError | undefined {
  // The more serious one first: apt also prints "Failed to fetch" for what it does not trust.
  const lied = untrusted.exec(output)?.[1];
  if (lied) return new LocalkubeError("DEBIAN_ARCHIVE_UNTRUSTED", { archive, problem: lied }, { cause });
  const away = unreachable.exec(output)?.[1];
  if (away) return new LocalkubeError("DEBIAN_ARCHIVE_UNREACHABLE", { archive, problem: away }, { cause });
  return undefined;
}
