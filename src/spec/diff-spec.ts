import { isDeepStrictEqual } from "node:util";
import type { DriverOption } from "../contract/driver-option.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { compareVersions } from "../host/versions.ts";
import {
  storedPath,
  valueAt,
  type AnyField,
  type ChangeEffect,
  type FieldTable,
  type SpecOf,
} from "./field.ts";
import { specFields } from "./fields.ts";

export interface SpecChange {
  /** Name of the field in the table. */
  readonly field: string;
  readonly flag: string;
  readonly from: string;
  readonly to: string;
  readonly effect: ChangeEffect;
}

type Options = Readonly<Record<string, string>>;

/** What was decided when the cluster was created; `auto`, `cri` and an empty version refer to it. */
export interface SettledChoices {
  readonly driver: string;
  readonly runtime: string;
  readonly kubernetesVersion: string;
  /** `upstream` or `debian`. */
  readonly artifacts: string;
}

/** Every field in which the requested spec differs from the existing cluster, in the order of the table. Pure. */
export function diffSpec<T extends FieldTable = typeof specFields>(
  old: SpecOf<NoInfer<T>>,
  wanted: SpecOf<NoInfer<T>>,
  settled: SettledChoices,
  options: readonly DriverOption[] = [],
  fields: T = specFields as unknown as T,
): readonly SpecChange[] {
  const choices: Readonly<Record<string, unknown>> = { ...settled };
  return Object.entries<AnyField>(fields).flatMap(([field, row]): readonly SpecChange[] => {
    const [before, after] = [old, wanted].map((spec) => valueAt(spec, storedPath(row)));
    if (row.change === "each") return optionChanges(field, before as Options, after as Options, options);
    const isOpen = row.undecided !== undefined;
    const from = isOpen ? choices[field] : before;
    const to = isOpen && after === row.undecided ? choices[field] : after;
    if (isDeepStrictEqual(from, to)) return [];
    return [{ field, flag: row.flag?.name ?? field, from: textOf(from), to: textOf(to), effect: row.change }];
  });
}

function optionChanges(
  field: string,
  old: Options,
  wanted: Options,
  options: readonly DriverOption[],
): readonly SpecChange[] {
  return options.flatMap(({ name, change }): SpecChange[] => {
    const [from, to] = [old[name] ?? "none", wanted[name] ?? "none"];
    return from === to ? [] : [{ field, flag: name, from, to, effect: change }];
  });
}

/**
 * Throws for the first change that an existing cluster cannot take: CHANGE_NEEDS_RECREATE, also for cpus and memory when the driver
 * cannot resize, or KUBERNETES_DOWNGRADE.
 */
export function assertChangeable(
  name: string,
  changes: readonly SpecChange[],
  driver: { readonly resize: boolean },
): void {
  for (const { field, flag, from, to, effect } of changes) {
    if (effect === "recreate" || (effect === "resize" && !driver.resize))
      throw new LocalkubeError("CHANGE_NEEDS_RECREATE", { name, field: flag, from, to });
    if (field === "kubernetesVersion" && compareVersions(to, from) < 0)
      throw new LocalkubeError("KUBERNETES_DOWNGRADE", { name, from, to });
  }
}

/** A release is newer than its own release candidates; a text comparison would reverse that. */

/** For messages only. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.join(",");
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries
    .map(([key, inner]) => (typeof inner === "object" ? `${key}{${textOf(inner)}}` : `${key}=${inner}`))
    .join(",");
}
