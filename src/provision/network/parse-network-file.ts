import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { readUserYaml } from "../../host/user-yaml.ts";
import { networkConfigProblem } from "./network-config-problem.ts";
import { parseManifest } from "./parse-manifest.ts";
import type { PodNetwork } from "./pod-network.ts";

/**
 * A file given with `--cni`: by its ending a CNI configuration (`.conflist`, `.conf`), otherwise by its content that or a manifest.
 * Rejects with CNI_FILE_INVALID, naming what is wrong and where. Pure.
 */
export function parseNetworkFile(file: string, text: string): PodNetwork {
  const invalid = (problem: string): LocalkubeError =>
    new LocalkubeError("CNI_FILE_INVALID", { value: file, problem });
  const faulty = (problem: string, line: number, column: number) =>
    invalid(`line ${line}, column ${column}: ${problem}`);
  // JSON is YAML, so one parser reads both. Manifests are often written with `<<`.
  const yaml = readUserYaml(text, faulty, { several: true, parse: { merge: true } });
  const documents: readonly unknown[] = yaml
    .values()
    .filter((content) => content !== null && content !== undefined);
  const [first] = documents;
  if (first === undefined) throw invalid("it is empty");
  if (/\.conf(list)?$/.test(file) || isNetworkConfig(first)) {
    if (documents.length > 1) throw invalid("a CNI configuration is a single document");
    const problem = networkConfigProblem(first);
    if (problem !== undefined) throw invalid(problem);
    const ending = "plugins" in (first as object) ? "conflist" : "conf";
    return { kind: "config", ending, text: `${JSON.stringify(first, null, 2)}\n` };
  }
  const objects = parseManifest(documents);
  if (typeof objects === "string") throw invalid(objects);
  return { kind: "manifest", objects };
}

const isNetworkConfig = (content: unknown): boolean =>
  typeof content === "object" && content !== null && "cniVersion" in content && !("kind" in content);
