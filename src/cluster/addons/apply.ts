import { disableAddon } from "../../addons/disable.ts";
import { enableAddon } from "../../addons/enable.ts";
import { removeProbe } from "../../addons/probe/namespace.ts";
import { probeAddon } from "../../addons/probe/probe-addon.ts";
import { awaitedOf, waitForRollout } from "../../addons/rollout.ts";
import { forgetSecrets, settleSecrets } from "../../addons/secrets.ts";
import type { AddonFolder } from "../../addons/catalogue.ts";
import type { RunContext } from "../../contract/host.ts";
import { type ChosenAddon, type GotOfAddon, probeFor } from "./choose.ts";
import { applyDns, tellsDns } from "./dns.ts";
import { knownHostNames } from "./host-names.ts";
import { withHostPage } from "./host-page.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { askLogins } from "./node-logins.ts";
import { planAddon } from "./plan.ts";

export interface AppliedAddon {
  readonly name: string;
  readonly version: string;
  readonly outcome: "enabled" | "unchanged";
  /** What the probe saw; absent when nothing had to be done. */
  readonly seen?: string;
  /** What of an earlier version stays because it may hold data, as sentences. */
  readonly kept: readonly string[];
}

export interface ApplyHow {
  /** Milliseconds until it has to be seen to work; undefined: it is applied only. */
  readonly limitMs: number | undefined;
  readonly known: readonly AddonFolder[];
  /** See `ProbeContext`. */
  readonly isBrief?: boolean;
}

/**
 * Enables one addon that is on record, whose images the nodes have, and sees it work within `limitMs`; without a limit it is applied only, and the next call sees whether it works.
 * Idempotent. Rejects as `enableAddon`, `waitForRollout` and `probeAddon` do.
 */
export async function applyAddon(
  chosen: ChosenAddon,
  got: GotOfAddon,
  live: LiveCluster,
  { limitMs, known, isBrief = false }: ApplyHow,
  c: RunContext,
): Promise<AppliedAddon> {
  const { addon } = chosen.folder;
  const { name, namespace } = addon;
  const { version } = chosen.row;
  const secrets = await settleSecrets(addon, chosen.values, live.objects, c.signal);
  const { plan, probeObjects } = await planAddon(chosen, got, secrets, live.record);
  const begun = performance.now();
  const left = (): number => Math.max(10_000, (limitMs ?? 0) - (performance.now() - begun));
  const report = (text: string): void => c.report({ message: text });
  const shared = { addon: name, api: live.api, objects: live.objects, signal: c.signal, report };
  let seen: string | undefined;
  const asked = probeFor(chosen, live.record);
  const probe = (): Promise<string> =>
    withHostPage(asked, chosen, live, c.signal, async (hostPage) => {
      const made = await probeObjects(hostPage);
      seen = await probeAddon(asked, {
        ...{ ...shared, namespace, made, isBrief, limitMs: left() },
        resolves: (host) => live.resolves(host, c.signal),
        isOnNode: (path) => live.isOnNode(path, c.signal),
        askLogins: () => askLogins(chosen, live, c.signal),
      });
      return seen;
    });
  // Once its Service has an address.
  const tellDns = async (): Promise<void> => {
    if (!tellsDns(chosen.row)) return;
    await knownHostNames(chosen, () => live.seenHost(c.signal));
    await applyDns(live, known, shared);
  };
  const { outcome, kept } = await enableAddon(plan, {
    ...shared,
    wait: async () => {
      await tellDns();
      await waitForRollout(awaitedOf(chosen.row, plan.objects, namespace), { ...shared, limitMs: left() });
    },
    probe: limitMs === undefined ? undefined : probe,
  });
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
