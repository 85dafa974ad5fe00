import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { notPlainFile } from "../../host/user-file.ts";
import { readUserYaml } from "../../host/user-yaml.ts";
import type { KubeObject } from "../../kube/api-client.ts";

/** What `--cni` asks for, read and checked. */
export type PodNetwork =
  | { readonly kind: "bridge" }
  /** The node stays NotReady until the user installs a network. */
  | { readonly kind: "none" }
  /** The machine's CRI server has one that was there before. */
  | { readonly kind: "present" }
  /** A CNI configuration for the runtime; a list of plugins has another ending than a single one. */
  | { readonly kind: "config"; readonly ending: "conflist" | "conf"; readonly text: string }
  /** Objects for the API server; their pods install configuration and plugins. */
  | { readonly kind: "manifest"; readonly objects: readonly KubeObject[] };

/** The network that `--cni` names. Rejects with CNI_FILE_UNREADABLE or CNI_FILE_INVALID. Read-only. */
export async function loadPodNetwork(cni: string): Promise<PodNetwork> {
  if (cni === "bridge" || cni === "none") return { kind: cni };
  // It is read again at each start: what a pipe gives would be gone.
  const kind = await notPlainFile(cni);
  if (kind !== undefined) throw new LocalkubeError("CNI_FILE_UNREADABLE", { value: cni, problem: kind });
  let text: string;
  try {
    text = await readFile(cni, "utf8");
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new LocalkubeError("CNI_FILE_UNREADABLE", { value: cni, problem }, { cause });
  }
  return parseNetworkFile(cni, text);
}

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

// The runtime looks for a program of this name in its folder of plugins: a path would leave it.
const plugin = v.looseObject({ type: v.pipe(v.string(), v.regex(/^[\w.-]+$/)) });

/** "Network configuration format" of the CNI specification; libcni requires the same of a name. */
const common = {
  cniVersion: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/)),
  name: v.pipe(v.string(), v.regex(/^[a-zA-Z0-9][\w.-]*$/)),
};
const list = v.looseObject({ ...common, plugins: v.pipe(v.array(plugin), v.minLength(1)) });
const single = v.looseObject({ ...common, ...plugin.entries });

/** What keeps a parsed document from being a CNI configuration (list or single plugin); undefined when nothing does. */
export function networkConfigProblem(content: unknown): string | undefined {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return "it is not an object";
  const result = v.safeParse("plugins" in content ? list : single, content);
  return result.success ? undefined : describeIssue(result.issues[0]);
}

const word = v.pipe(v.string(), v.nonEmpty());
const objectSchema = v.looseObject({
  apiVersion: word,
  kind: word,
  metadata: v.looseObject({ name: word, namespace: v.optional(v.string()) }),
});

/** Kubernetes objects of a file's documents, in order, lists unfolded; a sentence when one of them is none. Pure. */
function parseManifest(documents: readonly unknown[]): readonly KubeObject[] | string {
  const candidates = documents.flatMap(unfold);
  const objects: KubeObject[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const result = v.safeParse(objectSchema, candidate);
    if (!result.success) return `object ${index + 1}: ${describeIssue(result.issues[0])}`;
    objects.push(result.output as KubeObject);
  }
  return objects.length ? objects : "it holds no object";
}

function unfold(document: unknown): readonly unknown[] {
  const { kind, items } = (document ?? {}) as { kind?: unknown; items?: unknown };
  return kind === "List" && Array.isArray(items) ? items : [document];
}

/** What a schema found wrong, as half a sentence that names the place: "plugins.0.type is missing". */
function describeIssue(issue: v.BaseIssue<unknown>): string {
  const place = v.getDotPath(issue);
  if (place === null) return "it is not an object";
  if (issue.received === "undefined") return `${place} is missing`;
  if (issue.type === "regex") return `${place} cannot be ${issue.received}`;
  return `${place}: ${issue.message.replace(/^Invalid \w+: /, "").toLowerCase()}`;
}
