import type { AddonOptions } from "../../spec/parse/addons.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import type { ChosenAddon } from "./choose.ts";

/** The record with these addons; none of them is to be removed any more. Pure. */
export function withAddons(record: ClusterRecord, chosen: readonly ChosenAddon[]): ClusterRecord {
  const added = chosen.map(({ folder, options }) => [folder.addon.name, options] as const);
  return withRecordedAddons(record, { ...record.spec.addons, ...Object.fromEntries(added) });
}

/** The record with exactly these addons; what it had besides is to be removed, `purge` says whether with data. Pure. */
export function withRecordedAddons(
  record: ClusterRecord,
  addons: AddonOptions,
  purge = false,
): ClusterRecord {
  const sorted = Object.fromEntries(Object.entries(addons).sort(([a], [b]) => (a < b ? -1 : 1)));
  const gone = Object.keys(record.spec.addons).filter((name) => !(name in addons));
  const former = {
    ...record.formerAddons,
    ...Object.fromEntries(gone.map((name) => [name, { purge }])),
  };
  const left = Object.entries(former).filter(([name]) => !(name in addons));
  const changed = {
    ...record,
    spec: { ...record.spec, addons: sorted },
    formerAddons: Object.fromEntries(left),
  };
  return left.length === 0 ? withoutFormerAddons(changed) : changed;
}

function withoutFormerAddons(record: ClusterRecord): ClusterRecord {
  const changed = { ...record };
  delete changed.formerAddons;
  return changed;
}

/** The record with addons that are to be removed, also those whose removal was begun before: this call may purge what that one would have kept. Pure. */
export function withFormer(record: ClusterRecord, names: readonly string[], purge: boolean): ClusterRecord {
  if (names.length === 0) return record;
  const named = Object.fromEntries(names.map((name) => [name, { purge }]));
  return { ...record, formerAddons: { ...record.formerAddons, ...named } };
}

/** The record once nothing of the addon is in the cluster any more. Pure. */
export function withoutFormer(record: ClusterRecord, name: string): ClusterRecord {
  const { formerAddons, ...rest } = record;
  const left = Object.entries(formerAddons ?? {}).filter(([one]) => one !== name);
  return left.length === 0 ? rest : { ...rest, formerAddons: Object.fromEntries(left) };
}
