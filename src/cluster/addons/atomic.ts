import type { AddonFolder } from "../../addons/catalogue.ts";
import { rememberSecrets } from "../../addons/secrets.ts";
import { type AddonBefore, rememberAddon, takeBack } from "../../addons/take-back.ts";
import { messageOf } from "../../contract/errors/localkube-error.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { loadCluster, saveCluster } from "../../state/store.ts";
import { notice, noticesOnly, quietly, type UseCaseContext } from "../access/use-case.ts";
import { removeAddon } from "./apply.ts";
import type { ChosenAddon } from "./choose.ts";
import { applyDnsZones, mayHaveZones } from "./dns.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { hasNodeParts, nodesJob } from "./nodes.ts";
import type { StagedAddon } from "./own-folder.ts";
import { withFormer, withoutFormer, withRecordedAddons } from "./record.ts";

/** What a cluster had of addons before a call. */
export interface Before {
  readonly addons: readonly {
    readonly name: string;
    readonly state: AddonBefore;
    /** The Secret in which the cluster keeps its secrets. */
    readonly secrets: KubeObject | undefined;
  }[];
  readonly record: ClusterRecord;
}

/** Read-only. */
export async function rememberAddons(
  chosen: readonly ChosenAddon[],
  live: LiveCluster,
  signal: AbortSignal,
): Promise<Before> {
  const { objects, record } = live;
  const addons = [];
  for (const { folder } of chosen) {
    const { name } = folder.addon;
    const state = await rememberAddon(name, { objects, signal });
    addons.push({ name, state, secrets: await rememberSecrets(name, objects, signal) });
  }
  return { addons, record };
}

/**
 * Brings addons, their record, and the nodes back to what was before a call that failed, the last one first, and says so. Never rejects: why it could not be done is told, and the record
 * then says what the next start removes.
 */
export async function takeAddonsBack(
  { addons, record }: Before,
  {
    chosen,
    staged,
    known,
  }: {
    readonly chosen: readonly ChosenAddon[];
    readonly staged: StagedAddon | undefined;
    readonly known: readonly AddonFolder[];
  },
  live: LiveCluster,
  context: UseCaseContext,
): Promise<void> {
  const { name } = record.spec;
  const c = quietly(context);
  const { objects } = live;
  try {
    let current = withRecordedAddons((await loadCluster(context.host, name)) ?? record, record.spec.addons);
    await saveCluster(context.host, current);
    // First, so that nobody asks a server that is gone.
    if (chosen.some(({ folder }) => mayHaveZones(folder)))
      await applyDnsZones({ api: live.api, record: current }, known, {
        signal: c.signal,
        report: () => undefined,
      });
    for (const { name: addon, state, secrets } of addons.toReversed()) {
      if (secrets) await objects.apply(secrets, c.signal);
      const kept = state.inventory
        ? (await takeBack(addon, state, { objects, signal: c.signal, report: () => undefined })).map(
            ({ why }) => why,
          )
        : await removeAddon(addon, false, live, c);
      for (const sentence of kept ?? []) notice(context, sentence);
      if (addon in record.spec.addons) continue;
      const former = record.formerAddons?.[addon];
      current = withoutFormer(current, addon);
      if (former) current = withFormer(current, [addon], former.purge);
      await saveCluster(context.host, current);
    }
    await staged?.restore();
    if (chosen.some(hasNodeParts)) await nodesJob(name, noticesOnly(context), []).apply(c);
    notice(context, `Everything was taken back: the addons of ${name} are as they were`);
  } catch (error) {
    c.signal.throwIfAborted();
    notice(context, `Not everything could be taken back: ${messageOf(error)}`, "warning");
  }
}
