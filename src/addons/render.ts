import * as v from "valibot";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { readUserYaml } from "../host/user-yaml.ts";
import type { KubeObject } from "../kube/api-client.ts";
import type { OptionValue, OptionValues } from "./options.ts";

/** What objects of an addon may speak of. */
export interface RenderInput {
  readonly options: OptionValues;
  /** References as the node's runtime knows them, by the name that the row gives them. */
  readonly images: Readonly<Record<string, string>>;
  /** `${cluster.domain}`, `${cluster.dnsAddress}`, `${cluster.nodeAddress}`, … */
  readonly cluster: Readonly<Record<string, string>>;
}

const place = /\$\{(option|image|cluster)\.([\w-]+)\}/g;

const objectSchema = v.looseObject({
  apiVersion: v.pipe(v.string(), v.nonEmpty()),
  kind: v.pipe(v.string(), v.nonEmpty()),
  metadata: v.looseObject({ name: v.pipe(v.string(), v.nonEmpty()), namespace: v.optional(v.string()) }),
});

/**
 * The objects of a file of an addon: parsed first, then `${option.NAME}`, `${image.NAME}` and `${cluster.NAME}` are filled in, in values and never in keys, so
 * that no value can add a field. A value that is one place and nothing else gets the option's own kind (a number, a switch). `$$` stands for `$`.
 * Rejects with ADDON_INVALID, naming file, line or object. Pure.
 */
export function renderObjects(text: string, place: FileOfAddon, input: RenderInput): readonly KubeObject[] {
  return objectsIn(text, place).map((object, index) => {
    const fault = (problem: string): Error => invalidIn(place, `${numbered(object, index)}: ${problem}`);
    return withProtocols(filled(object, input, fault)) as KubeObject;
  });
}

/** A text of `addon.yaml` with its places filled in. Rejects with ADDON_INVALID. Pure. */
export const renderText = (text: string, place: FileOfAddon, input: RenderInput): string =>
  String(filledText(text, input, (problem) => invalidIn(place, problem)));

/** Where a text is from, for messages. */
export interface FileOfAddon {
  readonly folder: string;
  readonly file: string;
}

/** The objects of a file as they stand in it. Rejects with ADDON_INVALID. Pure. */
export function objectsIn(text: string, place: FileOfAddon): readonly KubeObject[] {
  const invalid = (problem: string): LocalkubeError => invalidIn(place, problem);
  const yaml = readUserYaml(
    text,
    (problem, line, column) => invalid(`line ${line}, column ${column}: ${problem}`),
    { several: true, parse: { merge: true } },
  );
  const documents = yaml.values().filter((content) => content !== null && content !== undefined);
  if (documents.length === 0) throw invalid("it has no object");
  return documents.map((document, index) => {
    const parsed = v.safeParse(objectSchema, document);
    if (parsed.success) return parsed.output as KubeObject;
    const what = v.getDotPath(parsed.issues[0]) ?? "it";
    throw invalid(`object ${index + 1}: ${what} is missing or no text`);
  });
}

const invalidIn = ({ folder, file }: FileOfAddon, problem: string): LocalkubeError =>
  new LocalkubeError("ADDON_INVALID", { folder, file, problem });

const numbered = ({ kind, metadata }: KubeObject, index: number): string =>
  `object ${index + 1} (${kind} ${metadata.name})`;

/**
 * Ports say their protocol: it is a part of the key by which server-side apply knows them, and servers before 1.21 refuse those that leave it to the default
 * (kubernetes/kubernetes #92332).
 */
function withProtocols(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => withProtocols(one));
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withProtocols(inner)]));
  if ("containerPort" in copy) return { protocol: "TCP", ...copy };
  const { ports } = (copy["spec"] ?? {}) as { readonly ports?: readonly object[] };
  if (copy["kind"] !== "Service" || !Array.isArray(ports)) return copy;
  return {
    ...copy,
    spec: { ...(copy["spec"] as object), ports: ports.map((port: object) => ({ protocol: "TCP", ...port })) },
  };
}

function filled(value: unknown, input: RenderInput, fault: (problem: string) => Error): unknown {
  if (typeof value === "string") return filledText(value, input, fault);
  if (Array.isArray(value)) return value.map((item) => filled(item, input, fault));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, input, fault)]));
}

function filledText(text: string, input: RenderInput, fault: (problem: string) => Error): OptionValue {
  const look = (kind: string, name: string): OptionValue => {
    const tables: Readonly<Record<string, Readonly<Record<string, OptionValue>>>> = {
      option: input.options,
      image: input.images,
      cluster: input.cluster,
    };
    const table = tables[kind] ?? {};
    if (!Object.hasOwn(table, name)) throw fault(`it speaks of \${${kind}.${name}}, which does not exist`);
    return table[name]!;
  };
  const whole = /^\$\{(option|image|cluster)\.([\w-]+)\}$/.exec(text);
  if (whole) return look(whole[1]!, whole[2]!);
  // A dollar that is doubled begins no place.
  return text
    .split("$$")
    .map((part) => part.replace(place, (_all, kind: string, name: string) => String(look(kind, name))))
    .join("$");
}
