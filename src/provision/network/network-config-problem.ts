import * as v from "valibot";
import { describeIssue } from "./describe-issue.ts";

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
