import * as v from "valibot";
import { components } from "../contract/components.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";

/** What is written in `addons/NAME/addon.yaml`: data from which the engine does everything. */

const word = v.pipe(v.string(), v.nonEmpty());
/** Names of addons and images: DNS labels. */
const label = v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/));
/** Names of options, as fields of Kubernetes' objects are written: `hostPort`. */
const optionName = v.pipe(v.string(), v.regex(/^[a-z][A-Za-z0-9-]{0,62}$/));
/** Names of objects: labels with dots between them. */
const objectName = v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/));
/** A file beside `addon.yaml` or below it. */
const file = v.pipe(
  v.string(),
  v.regex(/^[\w.-]+(\/[\w.-]+)*$/),
  v.check((path) => !path.split("/").includes(".."), "a path that stays in the addon's folder"),
);
/** Host and path. */
const address = v.pipe(v.string(), v.regex(/^[a-z0-9.-]+(\/[\w.@+-]+)+$/));
const zoneName = v.pipe(v.string(), v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/));
const zonePort = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const sha256 = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
const minors = /^>=1\.(\d+)(?: <1\.(\d+))?$/;

/** Kinds of values that an option may have; a user gives all of them as text. */
const option = v.strictObject({
  type: v.picklist(["text", "number", "switch", "duration", "size", "port", "choice"]),
  /** Absent: it has to be given. */
  default: v.optional(v.union([v.string(), v.number(), v.boolean()])),
  choices: v.optional(v.array(word)),
  /** Kept in the cluster as a Secret and never printed; without a default one is made. */
  secret: v.optional(v.boolean()),
  why: word,
});

/** What has to be true before the probe is asked. */
const wait = v.strictObject({
  kind: v.picklist(["Deployment", "DaemonSet", "StatefulSet", "APIService", "CustomResourceDefinition"]),
  name: objectName,
  namespace: v.optional(label),
});

/** What of the node the addon needs; `start` renders it, so that it is there after each start. */
const node = v.strictObject({
  /** Registries that the runtime reaches at an address of the node by plain HTTP: name → `127.0.0.1:5000`. */
  registries: v.optional(v.record(word, word)),
  /** Flags by component, as `--extra-config` has them. */
  flags: v.optional(v.record(v.picklist(components), v.record(word, v.string()))),
});

const probe = v.variant("type", [
  /** An HTTP answer of a Service, asked through the API server's proxy. */
  v.strictObject({
    type: v.literal("http"),
    service: label,
    /** Default: the addon's. */
    namespace: v.optional(label),
    port: v.union([v.number(), label]),
    path: v.optional(v.pipe(v.string(), v.startsWith("/")), "/"),
    scheme: v.optional(v.picklist(["http", "https"]), "http"),
    contains: v.optional(word),
  }),
  /** An API path whose answer has something at a dotted place. */
  v.strictObject({
    type: v.literal("api"),
    path: v.pipe(v.string(), v.startsWith("/")),
    has: v.optional(word),
  }),
  /** A name that cluster DNS has an address for, asked at the address of its Service. */
  v.strictObject({ type: v.literal("dns"), name: word }),
  /** Objects of a namespace that is made for them and removed again: a PVC with a pod that writes, for instance. */
  v.strictObject({
    type: v.literal("objects"),
    objects: file,
    /** The pod whose end decides: 0 is success; its last line is told. */
    pod: label,
  }),
]);

const row = v.strictObject({
  /** `>=1.34` or `>=1.20 <1.28` */
  kubernetes: v.pipe(v.string(), v.regex(minors)),
  artifacts: v.picklist(["upstream", "debian"]),
  /** Only with these values of options. */
  when: v.optional(v.record(optionName, v.string()), {}),
  version: word,
  /** Files of the project itself, applied as they are before the objects: addresses whose content never changes, with their digests. */
  published: v.optional(v.array(v.strictObject({ from: address, digest: sha256 })), []),
  /** A small program of localkube's own takes the project's place: what it does, as a clause. */
  standIn: v.optional(word),
  objects: v.optional(v.array(file), []),
  /**
   * References by the name that objects use: `${image.NAME}`. `localkube.local/NAME` is one that is made of Debian's packages, `catalogue:NAME` the one
   * that belongs to the cluster's Kubernetes version.
   */
  images: v.optional(v.record(label, word), {}),
  node: v.optional(node, {}),
  /** Zones that cluster DNS asks of a Service of the addon, at its address: name → Service and port. */
  dnsZones: v.optional(v.record(zoneName, v.strictObject({ service: label, port: zonePort })), {}),
  wait: v.optional(v.array(wait), []),
  /** Instead of the addon's own, where the same cannot be asked of both: another image, for instance. */
  probe: v.optional(probe),
});

const schema = v.strictObject({
  name: label,
  summary: word,
  licence: word,
  homepage: v.pipe(v.string(), v.url()),
  /** A part of every cluster, which cannot be without it: `start` applies it, and it cannot be disabled. */
  always: v.optional(v.boolean(), false),
  /** Every new cluster has it for which it has a row, unless the user says which addons it has. */
  default: v.optional(v.boolean(), false),
  namespace: label,
  /** Addons that have to be enabled before it. */
  needs: v.optional(v.array(label), []),
  /** Addons that cannot be beside it: name → why, as a clause. */
  conflicts: v.optional(v.record(label, word), {}),
  /** Roles that only one addon of a cluster has. */
  provides: v.optional(
    v.array(v.picklist(["default-storage-class", "ingress-class", "load-balancer", "pod-network"])),
    [],
  ),
  /** What it adds to an idle cluster's memory, roughly. */
  memoryMiB: v.pipe(v.number(), v.integer(), v.minValue(0)),
  options: v.optional(v.record(optionName, option), {}),
  versions: v.pipe(v.array(row), v.minLength(1)),
  probe,
  /** What a browser opens. */
  open: v.optional(
    v.strictObject({ service: label, port: v.union([v.number(), label]), path: v.optional(word, "/") }),
  ),
});

export type Addon = v.InferOutput<typeof schema>;
export type AddonRow = Addon["versions"][number];
export type AddonOption = v.InferOutput<typeof option>;
export type AddonProbe = Addon["probe"];

/** What shows that the addon works in a cluster that has this row. Pure. */
export const probeOf = ({ probe }: Pick<Addon, "probe">, row: Pick<AddonRow, "probe">): AddonProbe =>
  row.probe ?? probe;

/** For editors, and for whoever writes one: the schema that `parseAddon` checks by. */
export const addonSchema = schema;

/**
 * An addon from the parsed content of its `addon.yaml`. Rejects with ADDON_INVALID, naming the field, also for what no single field shows: a name other
 * than its folder's, a need of itself, a default that its option does not take, a row that asks for an unknown option. Pure.
 */
export function parseAddon(content: unknown, { folder, name }: { folder: string; name: string }): Addon {
  const invalid = (problem: string): LocalkubeError =>
    new LocalkubeError("ADDON_INVALID", { folder, file: "addon.yaml", problem });
  const parsed = v.safeParse(schema, content);
  if (!parsed.success) throw invalid(problemOf(parsed.issues[0]));
  const addon = parsed.output;
  const problem = contradiction(addon, name);
  if (problem !== undefined) throw invalid(problem);
  return addon;
}

function problemOf(issue: v.BaseIssue<unknown>): string {
  const place = v.getDotPath(issue) ?? "it";
  if (issue.expected === "never") return `there is no field ${place}`;
  if (issue.received === "undefined") return `${place} is missing`;
  return `${place} cannot be ${issue.received}${issue.expected === null ? "" : `; it is ${issue.expected}`}`;
}

function contradiction(addon: Addon, folderName: string): string | undefined {
  const { name, needs, conflicts, options, versions } = addon;
  if (name !== folderName) return `name is ${name}, but the folder is called ${folderName}`;
  if (needs.includes(name) || name in conflicts) return "it names itself among its needs or conflicts";
  const both = needs.find((other) => other in conflicts);
  if (both !== undefined) return `${both} is among its needs and its conflicts`;
  for (const [key, { type, choices, default: value }] of Object.entries(options)) {
    if ((type === "choice") !== (choices !== undefined))
      return `options.${key}: a choice has choices, and nothing else has`;
    if (value !== undefined && choices && !choices.includes(String(value)))
      return `options.${key}.default is not one of its choices`;
  }
  for (const [index, { when, kubernetes }] of versions.entries()) {
    const unknown = Object.keys(when).find((key) => !(key in options));
    if (unknown !== undefined)
      return `versions.${index}.when names the option ${unknown}, which it does not have`;
    const { from, below } = minorRange(kubernetes);
    if (below !== undefined && below <= from) return `versions.${index}.kubernetes is an empty range`;
  }
  return undefined;
}

/** Minors of a row's `kubernetes`: `from` <= minor < `below`. Pure. */
export function minorRange(kubernetes: string): { readonly from: number; readonly below?: number } {
  const [, from, below] = minors.exec(kubernetes) ?? [];
  return { from: Number(from), ...(below === undefined ? {} : { below: Number(below) }) };
}

/** The row for a cluster; the first that fits. Rejects with ADDON_NOT_FOR_VERSION. Pure. */
export function addonRow(
  { name, versions }: Pick<Addon, "name" | "versions">,
  cluster: { readonly version: string; readonly minor: number; readonly source: AddonRow["artifacts"] },
  options: Readonly<Record<string, string | number | boolean>>,
): AddonRow {
  const found = versions.find(({ kubernetes, artifacts, when }) => {
    const { from, below = Infinity } = minorRange(kubernetes);
    const fits = artifacts === cluster.source && from <= cluster.minor && cluster.minor < below;
    return fits && Object.entries(when).every(([key, value]) => String(options[key]) === value);
  });
  if (found) return found;
  const asked = [...new Set(versions.flatMap(({ when }) => Object.keys(when)))].map(
    (key) => `${key}=${options[key]}`,
  );
  throw new LocalkubeError("ADDON_NOT_FOR_VERSION", {
    addon: name,
    version: cluster.version,
    source: cluster.source,
    options: asked.length === 0 ? "" : ` and ${asked.join(", ")}`,
  });
}
