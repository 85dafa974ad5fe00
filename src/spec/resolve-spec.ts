import {
  nested,
  storedPath,
  valueAt,
  type AnyField,
  type Chosen,
  type FieldTable,
  type LayerOf,
  type SpecOf,
  type SpecSurroundings,
  type Wishes,
} from "./field.ts";
import { specFields } from "./fields.ts";

type SpecTable = typeof specFields;

/** The sources of a cluster's spec, strongest first. */
export interface SpecSources<T extends FieldTable = SpecTable> {
  readonly flags?: LayerOf<T>;
  readonly file?: LayerOf<T>;
  readonly existing?: SpecOf<T> | undefined;
  readonly settings?: LayerOf<T>;
}

/**
 * The spec from all sources, field by field. Precedence: flags, file, existing cluster, settings, defaults; a list or table of a
 * stronger source replaces the weaker one's as a whole. A value of the existing cluster was validated when it was stored and is taken as it is.
 * Pure except for the current folder, which relative paths are resolved against. Throws the usage error of the first invalid field; what only
 * the host can tell is checked by `checkSpecOnHost`.
 */
export function resolveSpec<T extends FieldTable = SpecTable>(
  { flags, file, existing, settings }: SpecSources<NoInfer<T>>,
  surroundings: SpecSurroundings,
  fields: T = specFields as unknown as T,
): SpecOf<T> {
  const chosen: Record<string, unknown> = {};
  for (const [name, row] of Object.entries<AnyField>(fields)) {
    const wishes = {
      flags: flags?.[name],
      file: file?.[name],
      existing: existing && valueAt(existing, storedPath(row)),
      settings: settings?.[name],
    };
    chosen[name] = row.merge
      ? row.merge(wishes, surroundings, chosen)
      : strongest(row, wishes, surroundings, chosen);
  }
  for (const row of Object.values<AnyField>(fields)) row.check?.(chosen);
  const stored = Object.entries<AnyField>(fields).map(
    ([name, row]) => [storedPath(row), chosen[name]] as const,
  );
  return { apiVersion: "localkube/v1", kind: "Cluster", ...nested(stored) } as SpecOf<T>;
}

function strongest(
  row: AnyField,
  { flags, file, existing, settings }: Wishes<unknown, unknown>,
  surroundings: SpecSurroundings,
  chosen: Chosen,
): unknown {
  const given = flags ?? file;
  if (given === undefined && existing !== undefined) return existing;
  return row.parse(given ?? settings ?? row.default(surroundings.capacity), surroundings, chosen);
}

/** A layer from parsed flags or stored settings, by the flag's name; flags that do not concern the cluster are ignored, as are undefined ones. */
export function layerFromFlags<T extends FieldTable = SpecTable>(
  flags: Readonly<Record<string, unknown>>,
  { driverOptions }: Pick<SpecSurroundings, "driverOptions">,
  fields: T = specFields as unknown as T,
): LayerOf<T> {
  const given = (names: readonly string[]) =>
    Object.fromEntries(names.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]));
  const options = given(Object.values(driverOptions).flatMap((list) => list.map(({ name }) => name)));
  const layer = Object.entries<AnyField>(fields).flatMap(([name, { flag }]) =>
    flag === undefined || flags[flag.name] === undefined ? [] : [[name, flags[flag.name]] as const],
  );
  return {
    ...Object.fromEntries(layer),
    ...(Object.keys(options).length > 0 ? { driverOptions: options } : {}),
  } as LayerOf<T>;
}
