import { withConfigHashes } from "../../addons/config-hash.ts";
import type { AddonPlan } from "../../addons/enable.ts";
import type { AddonSecrets } from "../../addons/secrets.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { type ChosenAddon, type GotOfAddon, renderAddon, type RenderedAddon } from "./choose.ts";

/** What is applied of a chosen addon in a cluster with these secrets, and the objects of its probe by the address of the page that it reads. Rejects with ADDON_INVALID. */
export async function planAddon(
  chosen: ChosenAddon,
  got: GotOfAddon,
  { values, masks }: AddonSecrets,
  record: ClusterRecord,
): Promise<{
  readonly plan: AddonPlan;
  readonly probeObjects: (hostPage: string) => Promise<RenderedAddon["probeObjects"]>;
}> {
  const rendered = (secrets: AddonSecrets["values"], hostPage = "") =>
    renderAddon({ ...chosen, values: { ...chosen.values, ...secrets } }, got, record, hostPage);
  const { objects } = await rendered(values);
  const { objects: masked } = await rendered(masks);
  const plan = {
    name: chosen.folder.addon.name,
    version: chosen.row.version,
    options: chosen.options,
    objects: withConfigHashes(objects, masked),
    masked: withConfigHashes(masked, masked),
  };
  return { plan, probeObjects: async (hostPage) => (await rendered(values, hostPage)).probeObjects };
}
