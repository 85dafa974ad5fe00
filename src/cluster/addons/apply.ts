import { disableAddon } from "../../addons/disable.ts";
import { enableAddon } from "../../addons/enable.ts";
import { probeAddon, removeProbe } from "../../addons/probe.ts";
import { awaitedOf, waitForRollout } from "../../addons/rollout.ts";
import { type AddonSecrets, forgetSecrets, settleSecrets } from "../../addons/secrets.ts";
import type { AddonFolder } from "../../addons/catalogue.ts";
import type { RunContext } from "../../contract/host.ts";
import { type ChosenAddon, type GotOfAddon, probeFor, renderAddon } from "./choose.ts";
import { applyDnsZones } from "./dns.ts";
import type { LiveCluster } from "./live-cluster.ts";

export interface AppliedAddon {
  readonly name: string;
  readonly version: string;
  readonly outcome: "enabled" | "unchanged";
  /** What the probe saw; absent when nothing had to be done. */
  readonly seen?: string;
  /** What of an earlier version stays because it may hold data, as sentences. */
  readonly kept: readonly string[];
}

/**
 * Enables one addon that is on record, whose images the nodes have, and sees it work within `limitMs`; without a limit it is applied only, and the next call sees whether it works.
 * Idempotent. Rejects as `enableAddon`, `waitForRollout` and `probeAddon` do.
 */
export async function applyAddon(
  chosen: ChosenAddon,
  got: GotOfAddon,
  live: LiveCluster,
  { limitMs, known }: { readonly limitMs: number | undefined; readonly known: readonly AddonFolder[] },
  c: RunContext,
): Promise<AppliedAddon> {
  const { addon } = chosen.folder;
  const { name, namespace } = addon;
  const { version } = chosen.row;
  const secrets = await settleSecrets(addon, chosen.values, live.objects, c.signal);
  const rendered = (values: AddonSecrets["values"]) =>
    renderAddon({ ...chosen, values: { ...chosen.values, ...values } }, got, live.record);
  const { objects, probeObjects } = await rendered(secrets.values);
  const { objects: masked } = await rendered(secrets.masks);
  const begun = performance.now();
  const left = (): number => Math.max(10_000, (limitMs ?? 0) - (performance.now() - begun));
  const report = (text: string): void => c.report({ message: text });
  const shared = { addon: name, api: live.api, objects: live.objects, signal: c.signal, report };
  let seen: string | undefined;
  const probe = async (): Promise<string> =>
    (seen = await probeAddon(probeFor(chosen, live.record), {
      ...{ ...shared, namespace, made: probeObjects, limitMs: left() },
      resolves: (host) => live.resolves(host, c.signal),
    }));
  // Once its Service has an address.
  const tellDns = async (): Promise<void> => {
    if (Object.keys(chosen.row.dnsZones).length > 0) await applyDnsZones(live, known, shared);
  };
  const { outcome, kept } = await enableAddon(
    { name, version, options: chosen.options, objects, masked },
    {
      ...shared,
      wait: async () => {
        await tellDns();
        await waitForRollout(awaitedOf(chosen.row, objects, namespace), { ...shared, limitMs: left() });
      },
      probe: limitMs === undefined ? undefined : probe,
    },
  );
  if (limitMs === undefined) await tellDns();
  return { name, version, outcome, ...(seen === undefined ? {} : { seen }), kept };
}

/** What stays of it, as sentences; undefined when the cluster had nothing of it. Idempotent. Rejects with ADDON_REMAINS. */
export async function removeAddon(
  addon: string,
  purge: boolean,
  { objects }: Pick<LiveCluster, "objects">,
  c: RunContext,
): Promise<readonly string[] | undefined> {
  const report = (text: string): void => c.report({ message: text });
  // Before what may have to clean up after it.
  await removeProbe({ addon, objects, signal: c.signal });
  const kept = await disableAddon(addon, purge, { objects, signal: c.signal, report });
  // What stays may be encrypted with them, or let nobody in without them.
  if (kept?.length === 0) await forgetSecrets(addon, objects, c.signal);
  return kept?.map(({ why }) => why);
}
