import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { didYouMean } from "../host/nearest-word.ts";
import type { RuntimeDefinition } from "../contract/runtime.ts";
import { containerd } from "./containerd/index.ts";

/** All there are. */
export const runtimes: readonly RuntimeDefinition[] = [containerd];

/** `cri` is not a runtime of its own: it means the default one that speaks CRI. */
const aliases: Readonly<Record<string, string>> = { cri: "containerd" };

export const runtimeNames: readonly string[] = [...Object.keys(aliases), ...runtimes.map(({ name }) => name)];

/** The runtime of that name or alias; rejects an unknown one with RUNTIME_UNKNOWN. */
export function runtimeByName(name: string): RuntimeDefinition {
  const found = runtimes.find((definition) => definition.name === (aliases[name] ?? name));
  if (!found) {
    const hint = didYouMean(name, runtimeNames);
    throw new LocalkubeError("RUNTIME_UNKNOWN", { value: name, hint, known: runtimeNames.join(", ") });
  }
  return found;
}
