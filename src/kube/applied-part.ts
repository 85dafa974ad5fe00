import type { KubeObject } from "./api-client.ts";

/** A tree of `managedFields`: `f:NAME` is a field, `k:{…}` an item of a list by its keys, `v:…` a value of a set, `.` the thing itself. */
type Fields = Readonly<Record<string, unknown>>;

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Fields;
}

/** What the server adds to an object. */
const ofServer = [
  ...["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"],
  ...["deletionTimestamp", "deletionGracePeriodSeconds"],
];

/**
 * What one manager applied of an object, so that applying it again changes nothing and takes no field from others; everything but the server's own fields where the server does not
 * know what was applied, or knows it in another version of the object. Pure.
 */
export function appliedPart(object: KubeObject, manager: string): KubeObject {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  const own = ((metadata["managedFields"] ?? []) as readonly ManagedFields[]).find(
    (one) => one.manager === manager && one.operation === "Apply" && one.subresource === undefined,
  );
  if (!own?.fieldsV1 || own.apiVersion !== apiVersion) return withoutServersPart(object);
  const part = picked(object, own.fieldsV1) as Readonly<Record<string, unknown>>;
  const named = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...part, apiVersion, kind, metadata: { ...(part["metadata"] as object | undefined), ...named } };
}

function withoutServersPart(object: KubeObject): KubeObject {
  const { metadata, ...rest } = object;
  const content = Object.entries(rest).filter(([field]) => field !== "status");
  const kept = Object.entries(metadata).filter(([field]) => !ofServer.includes(field));
  return { ...Object.fromEntries(content), metadata: Object.fromEntries(kept) } as unknown as KubeObject;
}

function picked(value: unknown, fields: Fields): unknown {
  const keys = Object.keys(fields).filter((key) => key !== ".");
  if (Object.keys(fields).length === 0) return value;
  if (Array.isArray(value)) return value.flatMap((item: unknown) => pickedItem(item, fields));
  if (typeof value !== "object" || value === null) return value;
  const object = value as Fields;
  return Object.fromEntries(
    keys.flatMap((key) => {
      const field = key.slice("f:".length);
      return field in object ? [[field, picked(object[field], fields[key] as Fields)]] : [];
    }),
  );
}

/** Of an item of a list: none, or the part of it that is managed. */
function pickedItem(item: unknown, fields: Fields): readonly unknown[] {
  for (const [key, inner] of Object.entries(fields)) {
    if (key.startsWith("v:") && JSON.stringify(item) === JSON.stringify(JSON.parse(key.slice(2))))
      return [item];
    if (!key.startsWith("k:")) continue;
    const wanted = JSON.parse(key.slice(2)) as Fields;
    const isIt = Object.entries(wanted).every(([field, one]) => (item as Fields | null)?.[field] === one);
    if (isIt) return [{ ...wanted, ...(picked(item, inner as Fields) as object) }];
  }
  return [];
}
