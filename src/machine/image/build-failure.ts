import { tmpdir } from "node:os";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";

const unreachable =
  /^.*(?:Could not resolve|Temporary failure|Could not connect|Unable to connect|Connection (?:failed|refused|timed out)|Failed to fetch|does not have a Release file|404 {1,2}Not Found).*$/im;
const noBaseImage =
  /^.*(?:initializing source docker:|unable to (?:copy|pull)|error pulling|pull access denied|failed to resolve|manifest (?:unknown|for)|dial tcp|no such host).*$/im;

export interface BuildPlace {
  readonly suite: string;
  readonly archive: string;
  /** Set when the build begins from a registry's image. */
  readonly baseImage?: string;
  readonly tarFolder: string;
}

/** What a failed build means to a user, from the whole output of the tool (its error holds the last lines only). */
export function buildFailure(
  lines: readonly string[],
  cause: LocalkubeError,
  place: BuildPlace,
  host: Pick<HostContext, "env">,
): LocalkubeError {
  const text = lines.join("\n");
  const { suite, archive, baseImage, tarFolder } = place;
  if (cause.id === "HOST_COMMAND_NOT_FOUND") {
    const program = String(cause.params["program"]);
    return new LocalkubeError("IMAGE_TOOL_MISSING", { programs: program, packages: program }, { cause });
  }
  if (cause.id !== "HOST_COMMAND_FAILED") return cause;
  if (/no space left/i.test(text)) {
    const folder = `${host.env["TMPDIR"] || tmpdir()} or ${tarFolder}`;
    return new LocalkubeError("IMAGE_NO_SPACE", { folder, needed: 700, variable: "TMPDIR" }, { cause });
  }
  // apt's own failure comes first: an engine's build does not repeat it, but may name hosts in what follows.
  const away = unreachable.exec(text)?.[0].trim();
  if (away) return new LocalkubeError("DEBIAN_ARCHIVE_UNREACHABLE", { archive, problem: away }, { cause });
  const noImage = baseImage === undefined ? undefined : noBaseImage.exec(text)?.[0].trim();
  if (baseImage !== undefined && noImage)
    return new LocalkubeError(
      "IMAGE_REGISTRY_UNREACHABLE",
      { image: baseImage, problem: noImage },
      { cause },
    );
  return new LocalkubeError("DEBIAN_ROOT_FAILED", { suite }, { cause, output: cause.output ?? "" });
}
