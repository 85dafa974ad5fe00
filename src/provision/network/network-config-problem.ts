import * as v from "valibot";

const plugin = v.looseObject(
  {
    // The runtime looks for a program of this name in its folder of plugins: a path would leave it.
    type: v.pipe(
      v.string("a plugin has no type"),
      v.regex(/^[\w.-]+$/, ({ received }) => `${received} cannot be a plugin's type`),
    ),
  },
  "a plugin is not an object",
);

/** «Network configuration format» of the CNI specification; libcni wants the same of a name. */
const common = {
  cniVersion: v.pipe(
    v.string("cniVersion is missing"),
    v.regex(/^\d+\.\d+\.\d+$/, ({ received }) => `${received} is no CNI version`),
  ),
  name: v.pipe(
    v.string("name is missing"),
    v.regex(/^[a-zA-Z0-9][\w.-]*$/, ({ received }) => `${received} cannot be a network's name`),
  ),
};
const list = v.looseObject({
  ...common,
  plugins: v.pipe(v.array(plugin, "plugins is not a list"), v.minLength(1, "plugins is empty")),
});
const single = v.looseObject({ ...common, ...plugin.entries });

/** What keeps a parsed document from being a CNI configuration (list or single plugin); undefined when nothing does. */
export function networkConfigProblem(content: unknown): string | undefined {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return "it is not an object";
  const result = v.safeParse("plugins" in content ? list : single, content);
  return result.success ? undefined : result.issues[0].message;
}
