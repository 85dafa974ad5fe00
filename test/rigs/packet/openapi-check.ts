import { readFile } from "node:fs/promises";
import { join } from "node:path";
import addFormats from "ajv-formats";
import { type Document, OpenAPIBackend } from "openapi-backend";
import { parse } from "yaml";

export interface WireRequest {
  readonly method: string;
  /** With its query, below the API's root. */
  readonly url: string;
  readonly body: unknown;
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean;
}

export interface OpenApiCheck {
  /** Operation's id and path parameters; undefined when the document has no such path and method. */
  match(
    request: WireRequest,
  ): { readonly operation: string; readonly params: Readonly<Record<string, string>> } | undefined;
  /** What is wrong with the request, in words; empty when it is as documented. Unknown fields of a body are wrong too. */
  request(request: WireRequest, operation: string): readonly string[];
  /** The same of an answer with a status that the document has. */
  answer(operation: string, status: number, body: unknown): readonly string[];
}

const file = join(import.meta.dirname, "../../fixtures/packet/openapi.yaml");

let judge: Promise<OpenApiCheck> | undefined;

/** The OpenAPI document as a judge of what goes over the wire; compiled once. */
export const openApiCheck = (): Promise<OpenApiCheck> => (judge ??= makeJudge());

async function makeJudge(): Promise<OpenApiCheck> {
  const text = await readFile(file, "utf8");
  const definition = parse(text) as Document;
  const schemas = (parse(text) as { components: { schemas: Record<string, Schema> } }).components.schemas;
  const backend = new OpenAPIBackend({
    definition,
    apiRoot: "/",
    // Validators are compiled when they are first used; all at once take seconds.
    quick: true,
    coerceTypes: true,
    // The document has a format of its own making.
    ajvOpts: { strict: false, formats: { string: true } },
    customizeAjv: (ajv) => {
      addFormats.default(ajv);
      return ajv;
    },
  });
  await backend.init();
  const wire = ({ method, url, body }: WireRequest) => {
    const { pathname, searchParams } = new URL(url, "http://rig");
    const query = Object.fromEntries(searchParams);
    return { method, path: pathname, query, body, headers: { "content-type": "application/json" } };
  };
  const words = (errors: readonly { instancePath?: string; message?: string }[] | null | undefined) =>
    (errors ?? []).map(({ instancePath = "", message = "" }) => `${instancePath} ${message}`.trim());

  return {
    match(request) {
      const operation = backend.matchOperation(wire(request));
      if (!operation?.operationId) return undefined;
      const pattern = operation.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
      const { pathname } = new URL(request.url, "http://rig");
      return {
        operation: operation.operationId,
        params: { ...new RegExp(`^${pattern}$`).exec(pathname)?.groups },
      };
    },
    request(request, operation) {
      const { valid, errors } = backend.validateRequest(wire(request), operation);
      const found = backend.getOperation(operation);
      const content = (found?.requestBody as { content?: Record<string, { schema: Schema }> } | undefined)
        ?.content;
      const schema = content?.["application/json"]?.schema;
      const unknown = schema ? unknownFields(request.body, schema, schemas, "") : [];
      return [...(valid ? [] : words(errors)), ...unknown];
    },
    answer(operation, status, body) {
      const documented = backend.getOperation(operation)?.responses?.[status] as
        { content?: object } | undefined;
      if (!documented) return [`the status ${status} is not documented`];
      if (!documented.content) return body === undefined ? [] : ["a body where there is none"];
      const { valid, errors } = backend.validateResponse(body, operation, status);
      return valid ? [] : words(errors);
    },
  };
}

/** JSON Schema lets unknown fields pass; a misspelt one is what we are after. `$ref`s may have been resolved or not. */
function unknownFields(
  value: unknown,
  schema: Schema,
  schemas: Readonly<Record<string, Schema>>,
  path: string,
): readonly string[] {
  const resolved = (one: Schema): Schema =>
    one.$ref ? resolved(schemas[one.$ref.split("/").at(-1) ?? ""] ?? {}) : one;
  const properties = (one: Schema): Readonly<Record<string, Schema>> => {
    const { properties: own = {}, allOf = [], oneOf = [] } = resolved(one);
    return Object.assign({ ...own }, ...[...allOf, ...oneOf].map(properties)) as Record<string, Schema>;
  };
  if (Array.isArray(value)) {
    const { items } = resolved(schema);
    return items
      ? value.flatMap((item, index) => unknownFields(item, items, schemas, `${path}/${index}`))
      : [];
  }
  if (typeof value !== "object" || value === null || resolved(schema).additionalProperties) return [];
  const known = properties(schema);
  return Object.entries(value).flatMap(([name, field]) => {
    const next = known[name];
    return next
      ? unknownFields(field, next, schemas, `${path}/${name}`)
      : [`${path}/${name} is not documented`];
  });
}
