import { wishedImage } from "../../contract/artifact.ts";
import type { RuntimeInput } from "../../contract/runtime.ts";
import type { FoundProgram } from "../guest/guest-facts.ts";
import type { NodeInput } from "./node-input.ts";

/** What the node's runtime is configured from. Pure. */
export const runtimeInput = (input: NodeInput): RuntimeInput => ({
  // A foreign one is configured by somebody else, with versions and a sandbox image of its own.
  runtimeVersion: input.runtime.server ? programOfRuntime(input, input.runtime.server).version : "",
  pauseImage: input.runtime.foreign ? "" : wishedImage(input.artifacts, "pause").ref,
  cgroupDriver: input.cgroupDriver,
  restrictOomScoreAdj: !input.facts.canLowerOomScore,
  cniBinDir: input.programs.cniBinDir,
  handlers: input.ociRuntimes.map(({ name, shim, programs: [first] }) => ({
    name,
    path: programOfRuntime(input, first!.name).path,
    ...(shim === undefined ? {} : { shim }),
  })),
  defaultHandler: input.spec.defaultOciRuntime,
  registries: input.registryAccess.registries,
});

/** Where a program of the runtime is in the guest. Throws TypeError for one that the runtime does not have. */
export function programOfRuntime({ runtime, programs }: NodeInput, name: string): FoundProgram {
  const found = programs.runtime.get(name);
  if (!found) throw new TypeError(`the runtime ${runtime.name} has no program ${name}`);
  return found;
}
