import * as v from "valibot";
import { nested, type FieldTable, type SpecOf } from "./field.ts";
import { specFields } from "./fields.ts";

type Entries = Readonly<Record<string, v.GenericSchema | Readonly<Record<string, v.GenericSchema>>>>;
type Build = (entries: Readonly<Record<string, v.GenericSchema>>) => v.GenericSchema;

const head = { apiVersion: v.literal("localkube/v1"), kind: v.literal("Cluster") };

/** The stored form of a spec: complete and validated when it was created, so only its shape is checked. Its keys have the order of the table. */
export function storedSchema<T extends FieldTable>(fields: T): v.GenericSchema<unknown, SpecOf<T>> {
  const entries = nested(Object.values(fields).flatMap((row) => Object.entries<v.GenericSchema>(row.stored)));
  const schema = v.object({ ...head, ...withGroups(entries, (group) => v.object(group)) });
  // The types of the rows are known to `SpecOf`, but not to a loop over them.
  return schema as unknown as v.GenericSchema<unknown, SpecOf<T>>;
}

export const clusterSpecSchema = storedSchema(specFields);

/**
 * `localkube.yaml`: all fields but the first two are optional; some can be written both like the flag (`memory: 4G`, `waitTimeout: 6m`) and
 * as they are stored (`memoryMiB`). Only types are checked here; values are checked where those of flags are.
 */
export function clusterFileSchema(fields: FieldTable) {
  const entries = nested(
    Object.values(fields)
      .flatMap((row) => Object.entries(row.file))
      .map(([path, schema]) => [path, v.optional(schema)] as const),
  );
  return v.strictObject({ ...head, ...withGroups(entries, (group) => v.optional(v.strictObject(group))) });
}

/** Keys that may occur in a file, at its top or in the group at `path`. */
export function knownKeys(fields: FieldTable, path: readonly unknown[]): readonly string[] {
  let schema: unknown = clusterFileSchema(fields);
  for (const key of path) schema = entriesOf(schema)?.[String(key)];
  return Object.keys(entriesOf(schema) ?? {});
}

function entriesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const { wrapped, entries } = (schema ?? {}) as { wrapped?: unknown; entries?: Record<string, unknown> };
  return wrapped === undefined ? entries : entriesOf(wrapped);
}

function withGroups(entries: Entries, build: Build): Record<string, v.GenericSchema> {
  const schemas = Object.entries(entries).map(([key, entry]) => [
    key,
    isSchema(entry) ? entry : build(entry),
  ]);
  return Object.fromEntries(schemas) as Record<string, v.GenericSchema>;
}

function isSchema(entry: Entries[string]): entry is v.GenericSchema {
  return "~run" in entry;
}
