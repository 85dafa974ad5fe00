import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { Runtime, RuntimeDefinition } from "../contract/runtime.ts";
import { didYouMean } from "../host/nearest-word.ts";
import { containerd } from "./containerd/index.ts";
import { crio } from "./cri-o/index.ts";
import { docker } from "./docker/index.ts";
import { foreignRuntime, isForeign } from "./foreign/index.ts";

/** All there are; the first is the default. */
export const runtimes: readonly RuntimeDefinition[] = [containerd, docker, crio];

/** Not a runtime of its own: it means the default one that speaks CRI. */
export const defaultRuntimeName = "cri";

export const runtimeNames: readonly string[] = [
  defaultRuntimeName,
  ...runtimes.flatMap(({ name, aliases }) => [name, ...aliases]),
];

/** Words that users may remember, and what became of them; sources: the READMEs of the projects (rktlet, frakti, hyperd), which are archived. */
const gone: Readonly<Record<string, string>> = {
  rkt: "rkt was CoreOS's pod runtime; its CRI server rktlet was given up in 2018 and speaks only an API that kubelets from 1.26 on do not",
  hyper:
    "hyper (hyperd) ran pods in virtual machines, for Kubernetes through frakti, which was given up in 2020; Kata Containers came of it",
  frakti:
    "frakti ran pods in virtual machines by hyperd and was given up in 2020; it speaks only an API that kubelets from 1.26 on do not, and Kata Containers came of it",
};
const otherWords: Readonly<Record<string, string>> = { rktlet: "rkt", hyperd: "hyper" };

/** What became of a runtime of that name, as a clause; undefined for one that is not gone. */
export const whatBecameOf = (name: string): string | undefined => gone[otherWords[name] ?? name];

/** The runtime of that name, alias or sockets (`foreignName`); rejects an unknown one with RUNTIME_UNKNOWN. */
export function runtimeByName(name: string): RuntimeDefinition {
  if (isForeign(name)) return foreignRuntime(name);
  const found =
    name === defaultRuntimeName
      ? runtimes[0]
      : runtimes.find((one) => one.name === name || one.aliases.includes(name));
  if (!found) {
    const hint = didYouMean(name, runtimeNames);
    throw new LocalkubeError("RUNTIME_UNKNOWN", { value: name, hint, known: runtimeNames.join(", ") });
  }
  return found;
}

/** The same as nodes of that Kubernetes version have it; rejects one that does not go with it with RUNTIME_NOT_FOR_VERSION. */
export function runtimeFor(
  name: string,
  { version, minor }: { readonly version: string; readonly minor: number },
): Runtime {
  const definition = runtimeByName(name);
  const runtime = definition.at(minor);
  if (!runtime)
    throw new LocalkubeError("RUNTIME_NOT_FOR_VERSION", {
      runtime: definition.name,
      version,
      default: runtimes[0]!.name,
    });
  return runtime;
}
