import * as v from "valibot";
import type { DriverOption } from "../contract/driver-option.ts";
import type { HostCapacity } from "../host/capacity.ts";

/**
 * What a change means for an existing cluster: `recreate` cannot be applied to it, `resize` needs a driver that supports it,
 * `reconfigure` is applied by the next start, `client` concerns only this command and the kubeconfig. `each`: the value is a table
 * whose entries are flags of their own, and each says what its change means (options of drivers).
 */
export type ChangeEffect = "recreate" | "resize" | "reconfigure" | "client";

/** A value that a flag is limited to; the note explains it in the help. */
export type Choice = string | { readonly name: string; readonly note?: string; readonly listed?: false };

/** What the host and the registries offer. The table knows no driver, runtime or version by name. */
export interface SpecSurroundings {
  readonly capacity: HostCapacity;
  /** Those other than `auto`. */
  readonly drivers: readonly Choice[];
  /** Names other than `cri`, which may be among them. */
  readonly runtimes: readonly string[];
  /** What became of a runtime of that name; undefined for one that is not gone. */
  whatBecameOf(runtime: string): string | undefined;
  /** Beside runc. */
  readonly ociRuntimes: readonly string[];
  /** Those that localkube brings. */
  readonly addons: readonly string[];
  /** By driver. */
  readonly driverOptions: Readonly<Record<string, readonly DriverOption[]>>;
  /** `v1.36.5` from `1.36.5` or `v1.36`. Throws KUBERNETES_VERSION_UNKNOWN. */
  readonly normaliseVersion: (version: string) => string;
  /** Throws IMAGE_ADDRESS_INVALID. */
  readonly assertImageAddress: (address: string) => void;
}

/** Values by the field's name: those of the fields that come earlier in the table, and all of them for `check`. */
export type Chosen = Readonly<Record<string, unknown>>;

/** The flag of `start`, which is also the key of `config set` and, as `LOCALKUBE_<FLAG>`, the environment variable. */
export interface FieldFlag {
  readonly name: string;
  /** Default: `text`. `words`: repeatable, or separated by commas. `lines`: repeatable only. `switch`: has a `--no-` form. */
  readonly kind?: "text" | "words" | "lines" | "switch";
  /** The heading in the help. A flag without one is not defined by the table: every command has it. */
  readonly group?:
    "MACHINE" | "KUBERNETES" | "NETWORK" | "REGISTRIES" | "ARTIFACTS" | "WAITING" | "KUBECONFIG" | "ADDONS";
  /** One sentence; `{choices}` is replaced by their list. */
  readonly help?: string;
  /** Placeholder for the value in the help. */
  readonly value?: string;
}

/** Values of one field by source; those of flags, file and settings are as the user wrote them. */
export interface Wishes<Wish, Value> {
  readonly flags: Wish | undefined;
  readonly file: Wish | undefined;
  readonly existing: Value | undefined;
  readonly settings: Wish | undefined;
}

type Unchangeable<T> = T extends readonly (infer E)[]
  ? readonly Unchangeable<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Unchangeable<T[K]> }
    : T;

/** One setting of a cluster: everything that is particular to it, from the flag to what a change means. */
export interface Field<Wish, Path extends string, Schema extends v.GenericSchema> {
  /** Absent when the entries of a table are flags of their own. */
  readonly flag?: FieldFlag;
  /** The values that the flag is limited to, offered by the completion and listed in the help. */
  readonly choices?: (
    at: Pick<SpecSurroundings, "drivers" | "runtimes" | "ociRuntimes" | "addons">,
  ) => readonly Choice[];
  /** Keys in `localkube.yaml` and their types, in order of precedence; `group.key` is nested. */
  readonly file: Readonly<Record<string, v.GenericSchema<unknown, NoInfer<Wish>>>>;
  /** The one key in the stored spec (and in ClusterSpec), nested like those of the file, and its type. */
  readonly stored: Readonly<Record<Path, Schema>>;
  readonly default: (capacity: HostCapacity) => NoInfer<Wish>;
  /** The stored value. Throws the field's usage error. */
  readonly parse: (
    value: Wish,
    at: SpecSurroundings,
    chosen: Chosen,
  ) => Unchangeable<v.InferOutput<NoInfer<Schema>>>;
  /** For tables that are merged entry by entry; without it the strongest source counts as a whole. */
  readonly merge?: (
    wishes: Wishes<NoInfer<Wish>, Unchangeable<v.InferOutput<NoInfer<Schema>>>>,
    at: SpecSurroundings,
    chosen: Chosen,
  ) => Unchangeable<v.InferOutput<NoInfer<Schema>>>;
  /** For values with paths: makes them absolute relative to a folder: that of the file, or the current one for a setting. */
  readonly inFolder?: (
    value: NoInfer<Wish>,
    folder: string,
    at: Pick<SpecSurroundings, "driverOptions">,
  ) => NoInfer<Wish>;
  /** What can be judged only together with other fields, called when all values are known. Throws a usage error. */
  readonly check?: (chosen: Chosen) => void;
  readonly change: ChangeEffect | "each";
  /** The value that leaves the choice to localkube; for an existing cluster it means what was chosen when it was created. */
  readonly undecided?: string;
}

// Types of values that several rows have in a file or in the record.
export const text = v.string();
export const number = v.number();
export const yesOrNo = v.boolean();
export const texts = v.array(text);
/** `4G`, or a number of the unit in which it is stored. */
export const quantity = v.union([text, number]);
export const count = v.pipe(number, v.integer(), v.minValue(1));
export const optionValues = v.record(text, v.union([text, number, yesOrNo]));

/** Infers the types of a row. */
export const field = <Wish, Path extends string, Schema extends v.GenericSchema>(
  row: Field<Wish, Path, Schema>,
): Field<Wish, Path, Schema> => row;

// Rows of different types in one table: a row is only ever given values of its own type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyField = Field<any, string, any>;
export type FieldTable = Readonly<Record<string, AnyField>>;

type PathOf<F> = F extends { readonly stored: Readonly<Record<infer P extends string, unknown>> } ? P : never;
type ValueOf<F> = F extends { readonly parse: (...given: never[]) => infer V } ? V : never;
type WishOf<F> = F extends { readonly parse: (value: infer W, ...given: never[]) => unknown } ? W : never;
type Paths<T> = { [K in keyof T]: PathOf<T[K]> }[keyof T];
type ValueAt<T, P> = { [K in keyof T]: PathOf<T[K]> extends P ? ValueOf<T[K]> : never }[keyof T];
type Group<P> = P extends `${infer G}.${string}` ? G : never;
type Grouped<T, G extends string> = {
  readonly [P in Paths<T> & `${G}.${string}` as P extends `${G}.${infer K}` ? K : never]: ValueAt<T, P>;
};

/** The validated spec that a table describes. */
export type SpecOf<T> = {
  readonly apiVersion: "localkube/v1";
  readonly kind: "Cluster";
} & { readonly [P in Exclude<Paths<T>, `${string}.${string}`>]: ValueAt<T, P> } & {
  readonly [G in Group<Paths<T>>]: Grouped<T, G>;
};

/** Values requested by one source (flags, file, settings), by field, as the user wrote them. Fields the source does not set are absent. */
export type LayerOf<T> = { readonly [K in keyof T]?: WishOf<T[K]> };

/** The only key of `stored`. */
export const storedPath = (row: AnyField): string => Object.keys(row.stored)[0] ?? "";

/** The value at `key` or `group.key`. */
export const valueAt = (content: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], content);

/** Entries by path, `group.key` nested; a group has the place of its first key. */
export function nested<V>(
  entries: readonly (readonly [path: string, value: V])[],
): Readonly<Record<string, V | Readonly<Record<string, V>>>> {
  const content: Record<string, V | Record<string, V>> = {};
  for (const [path, value] of entries) {
    const [group = path, key] = path.split(".");
    if (key === undefined) content[path] = value;
    else (content[group] as Record<string, V>) = { ...(content[group] as Record<string, V>), [key]: value };
  }
  return content;
}

export const choiceName = (choice: Choice): string => (typeof choice === "string" ? choice : choice.name);
