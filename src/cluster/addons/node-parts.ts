import type { AddonRow } from "../../addons/definition.ts";
import type { Registry, Runtime } from "../../contract/runtime.ts";
import type { RegistryAccess } from "../../provision/node/node-input.ts";
import type { ClusterSpec } from "../../spec/fields.ts";

export type NodePart = AddonRow["node"];

/** What of the nodes it changes, each in words. Pure. */
export const partWords = ({ registries = {}, flags = {} }: NodePart): readonly string[] => [
  ...Object.keys(registries).map((name) => `the registry ${name}`),
  ...Object.entries(flags).flatMap(([component, values]) =>
    Object.keys(values).map((flag) => `${component}.${flag}`),
  ),
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
