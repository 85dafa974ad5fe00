import { addonSchema } from "./definition.ts";

/** What of a valibot schema the conversion looks at. */
interface Schema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly item?: Schema;
  readonly key?: Schema;
  readonly value?: Schema;
  readonly literal?: unknown;
  readonly options?: readonly unknown[];
  readonly pipe?: readonly { readonly kind: string; readonly type: string; readonly requirement?: unknown }[];
}

type Json = Readonly<Record<string, unknown>>;

/** The form of `addon.yaml` as JSON Schema (2020-12), for editors; made from the schema by which localkube reads it. Pure. */
export const addonJsonSchema = (): Json => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "localkube addon",
  ...converted(addonSchema as unknown as Schema),
});

const conversions: Readonly<Record<string, (schema: Schema) => Json>> = {
  string: () => ({ type: "string" }),
  number: () => ({ type: "number" }),
  boolean: () => ({ type: "boolean" }),
  literal: ({ literal }) => ({ const: literal }),
  picklist: ({ options }) => ({ enum: options }),
  array: ({ item }) => ({ type: "array", items: converted(item!) }),
  record: ({ key, value }) => ({
    type: "object",
    propertyNames: converted(key!),
    additionalProperties: converted(value!),
  }),
  union: ({ options }) => ({ anyOf: (options as readonly Schema[]).map(converted) }),
  variant: ({ options }) => ({ oneOf: (options as readonly Schema[]).map(converted) }),
  optional: ({ wrapped, default: value }) => ({
    ...converted(wrapped!),
    ...(value === undefined ? {} : { default: value }),
  }),
  strict_object: ({ entries = {} }) => ({
    type: "object",
    properties: Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, converted(entry)])),
    required: Object.entries(entries).flatMap(([key, { type }]) => (type === "optional" ? [] : [key])),
    additionalProperties: false,
  }),
};

/** Rules of a value by what valibot calls them; a check of our own has no form in JSON Schema. */
const rules: Readonly<Record<string, (requirement: unknown) => Json>> = {
  regex: (requirement) => ({ pattern: (requirement as RegExp).source }),
  non_empty: () => ({ minLength: 1 }),
  min_length: (requirement) => ({ minItems: requirement }),
  min_value: (requirement) => ({ minimum: requirement }),
  max_value: (requirement) => ({ maximum: requirement }),
  integer: () => ({ type: "integer" }),
  url: () => ({ format: "uri" }),
  starts_with: (requirement) => ({ pattern: `^${String(requirement)}` }),
  check: () => ({}),
};

function converted(schema: Schema): Json {
  const conversion = conversions[schema.type];
  if (!conversion) throw new TypeError(`no JSON Schema for ${schema.type}`);
  const actions = (schema.pipe ?? []).filter(({ kind }) => kind === "validation");
  const ruled = actions.map(({ type, requirement }) => {
    const rule = rules[type];
    if (!rule) throw new TypeError(`no JSON Schema for the rule ${type}`);
    return rule(requirement);
  });
  return Object.assign({}, conversion(schema), ...ruled) as Json;
}
