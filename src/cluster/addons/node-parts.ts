import type { AddonRow } from "../../addons/definition.ts";
import { type OptionValues, registryLogins } from "../../addons/options.ts";
import type { Registry, Runtime } from "../../contract/runtime.ts";
import type { RegistryAccess } from "../../provision/node/node-input.ts";
import type { ClusterSpec } from "../../spec/fields.ts";

export interface NodePart extends Omit<AddonRow["node"], "logins"> {
  /** Where logins are, by registry: an absolute path, or empty for the user's own. */
  readonly logins?: Readonly<Record<string, string>>;
}

/** What an addon needs of the nodes, with what its options say. Pure. */
export function nodePart({
  row: { node },
  values,
}: {
  readonly row: Pick<AddonRow, "node">;
  readonly values: OptionValues;
}): NodePart {
  const { logins: option, ...rest } = node;
  const logins = option === undefined ? undefined : registryLogins(String(values[option]));
  return { ...rest, ...(logins && { logins }) };
}

/** What of the nodes a row changes, each in words. Pure. */
export const partWords = ({
  registries = {},
  flags = {},
  ociRuntimes = [],
  logins,
}: AddonRow["node"]): readonly string[] => [
  ...Object.keys(registries).map((name) => `the registry ${name}`),
  ...Object.entries(flags).flatMap(([component, values]) =>
    Object.keys(values).map((flag) => `${component}.${flag}`),
  ),
  ...ociRuntimes.map((name) => `the OCI runtime ${name}`),
  ...(logins === undefined ? [] : ["your logins at image registries"]),
];

/**
 * The registries of a cluster with those that addons serve on its nodes: asked by plain HTTP at an address of the node. What a user says of a registry comes first, and one that the
 * runtime cannot be told of is left out: for the node's own names, it needs not be. Pure.
 */
export function withAddonRegistries(
  access: RegistryAccess,
  parts: readonly NodePart[],
  runtime: Pick<Runtime, "refusedRegistry">,
): RegistryAccess {
  const named = new Map(
    parts.flatMap(({ registries = {} }) =>
      Object.entries(registries).map(([name, address]): [string, Registry] => [
        name,
        { name, mirrors: [`http://${address}`], insecure: false },
      ]),
    ),
  );
  for (const { name } of access.registries) named.delete(name);
  for (const registry of named.values()) if (runtime.refusedRegistry([registry])) named.delete(registry.name);
  if (named.size === 0) return access;
  const registries = [...access.registries, ...named.values()];
  return { ...access, registries: registries.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Flags of components with those of addons; a user's own value of a flag comes first. Pure. */
export function withAddonFlags(
  extraConfig: ClusterSpec["extraConfig"],
  parts: readonly NodePart[],
): ClusterSpec["extraConfig"] {
  const merged: Record<string, Readonly<Record<string, string>>> = { ...extraConfig };
  for (const { flags = {} } of parts)
    for (const [component, values] of Object.entries(flags))
      merged[component] = { ...values, ...merged[component] };
  return merged;
}

/** Where logins of a cluster are with those that addons bring; what a user says of a registry comes first. Pure. */
export const withAddonLogins = (
  registries: ClusterSpec["registries"],
  parts: readonly NodePart[],
): ClusterSpec["registries"] => ({
  ...registries,
  logins: Object.assign({}, ...parts.map(({ logins = {} }) => logins), registries.logins) as Readonly<
    Record<string, string>
  >,
});

/** OCI runtimes of a cluster with those that addons bring, each once; a user's come first. Pure. */
export const withAddonRuntimes = (
  names: readonly string[],
  parts: readonly NodePart[],
): readonly string[] => [...new Set([...names, ...parts.flatMap(({ ociRuntimes = [] }) => ociRuntimes)])];
