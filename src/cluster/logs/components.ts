import { controlPlaneComponents, nodeComponents } from "../../contract/components.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { NodeRole } from "../../contract/node.ts";
import { didYouMean } from "../../host/nearest-word.ts";

/** What can be requested: units of the node, `pods` = those in kube-system, `start` = what the last start did on this host. */
export interface LogComponents {
  readonly start: boolean;
  readonly pods: boolean;
  /** systemd units without `.service`, in output order. */
  readonly units: readonly string[];
}

const ofControlPlane: readonly string[] = controlPlaneComponents;

/**
 * Parses the words after `logs`; none = everything that a node of this role has. Kubernetes components may be given without `kube-`. Rejects with
 * LOGS_COMPONENT_UNKNOWN. `runtimeServices` are those of the cluster's runtime, without `.service`; the word `runtime` means all of them.
 */
export function logComponents(
  words: readonly string[],
  runtimeServices: readonly string[],
  role: NodeRole = "control-plane",
): LogComponents {
  const allUnits = [...nodeComponents, ...runtimeServices];
  const known = ["start", ...allUnits, "runtime", "pods"];
  const asked = new Set(
    words
      .map((word) => canonical(word, known))
      .flatMap((name) => (name === "runtime" ? runtimeServices : [name])),
  );
  const wants = (name: string): boolean => asked.size === 0 || asked.has(name);
  const has = (name: string): boolean =>
    role === "control-plane" || asked.has(name) || !ofControlPlane.includes(name);
  return {
    start: wants("start"),
    pods: wants("pods"),
    units: allUnits.filter((name) => wants(name) && has(name)),
  };
}

function canonical(word: string, known: readonly string[]): string {
  const found = [word, `kube-${word}`].find((name) => known.includes(name));
  if (found !== undefined) return found;
  const short = known.map((name) => name.replace(/^kube-/, ""));
  throw new LocalkubeError("LOGS_COMPONENT_UNKNOWN", {
    value: word,
    hint: didYouMean(word, [...known, ...short]),
    known: known.join(", "),
  });
}
