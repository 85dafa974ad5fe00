import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import { findProgram } from "../../host/find-program.ts";

export type ImageBuilder = "mmdebstrap" | "containerfile";
export type ImageEngine = "podman" | "docker";

const known = ["mmdebstrap", "containerfile"] as const satisfies readonly ImageBuilder[];
const variable = "LOCALKUBE_IMAGE_BUILDER";

/** The builder that LOCALKUBE_IMAGE_BUILDER names, else mmdebstrap where it is installed, else the Containerfile's. Read-only. */
export async function imageBuilder(host: Pick<HostContext, "env">): Promise<ImageBuilder> {
  const value = host.env[variable];
  if (value) {
    const named = known.find((name) => name === value);
    if (named === undefined)
      throw new LocalkubeError("IMAGE_BUILDER_UNKNOWN", { value, known: known.join(" or ") });
    return named;
  }
  if (await findProgram("mmdebstrap", host)) return "mmdebstrap";
  if (await imageEngine(host)) return "containerfile";
  throw new LocalkubeError("IMAGE_TOOL_MISSING", { programs: "mmdebstrap", packages: "mmdebstrap" });
}

/** The engine that builds from the Containerfile: podman before docker, as for machines. */
export async function imageEngine(host: Pick<HostContext, "env">): Promise<ImageEngine | undefined> {
  for (const program of ["podman", "docker"] as const) if (await findProgram(program, host)) return program;
  return undefined;
}
