import { addonByName } from "../../addons/catalogue.ts";
import { probeOf } from "../../addons/definition.ts";
import { loadInventory, saveInventory } from "../../addons/inventory-store.ts";
import { probeAddon } from "../../addons/probe.ts";
import { awaitedOf, waitForRollout } from "../../addons/rollout.ts";
import { settleSecrets } from "../../addons/secrets.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import type { RunContext } from "../../contract/host.ts";
import { runJobs } from "../../pipeline/run-jobs.ts";
import { withProfileLock } from "../../state/lock.ts";
import { openCluster } from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { refuseIfPaused } from "../life/pause.ts";
import { chooseAddon, type ChosenAddon, probeFor, renderAddon } from "./choose.ts";
import { knownAddons } from "./known-addons.ts";
import { getImages, loadIntoNodes, presentFor } from "./images.ts";
import { asObject } from "./look.ts";
import { type LiveCluster, withLiveCluster } from "./live-cluster.ts";

export interface TestedAddon {
  readonly name: string;
  readonly addon: string;
  /** What the probe did and saw, as a sentence. */
  readonly seen: string;
  readonly milliseconds: number;
}

/**
 * Sees whether an enabled addon works, as enabling does, and writes down in the cluster what was seen. Whatever the probe makes is removed again. Rejects with CLUSTER_UNKNOWN,
 * CLUSTER_NOT_RUNNING, ADDON_UNKNOWN, ADDON_NOT_ENABLED, ADDON_NOT_READY or ADDON_PROBE_FAILED.
 */
export async function testAddon(
  name: string,
  addon: string,
  limitMs: number,
  context: UseCaseContext,
): Promise<TestedAddon> {
  const command = "localkube addons test";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const folder = addonByName(addon, await knownAddons(cluster.paths.addons, [addon]));
    const recorded = cluster.record.spec.addons[addon] ?? (folder.addon.always ? {} : undefined);
    if (!recorded) throw new LocalkubeError("ADDON_NOT_ENABLED", { addon, name });
    await refuseIfPaused(cluster, inner);
    const chosen = chooseAddon(folder, recorded, {}, cluster.record);
    return withLiveCluster(cluster, inner, async (live) => {
      let result: Pick<TestedAddon, "seen" | "milliseconds"> | undefined;
      const job = {
        id: `addon-${addon}`,
        title: `Testing ${addon}`,
        after: [],
        timeoutMs: limitMs * 2 + 200_000,
        apply: async (c: RunContext) => void (result = await testOne(chosen, live, limitMs, c)),
      };
      await runJobs([job], { ...inner, command: "addons test", profile: name });
      if (!result) throw new Error(`the test of ${addon} ended without a result`);
      return { name, addon, ...result };
    });
  });
}

async function probeObjectsOf(
  chosen: ChosenAddon,
  live: LiveCluster,
  c: RunContext,
): Promise<readonly KubeObject[]> {
  const got = await getImages([chosen], live.record, await presentFor([chosen], live, c.signal), c);
  await loadIntoNodes(got, live, c);
  const { addon } = chosen.folder;
  const secrets = await settleSecrets(addon, chosen.values, live.objects, c.signal);
  const values = { ...chosen.values, ...secrets.values };
  return (await renderAddon({ ...chosen, values }, got.byAddon.get(addon.name)!, live.record)).probeObjects;
}

async function testOne(
  chosen: ChosenAddon,
  live: LiveCluster,
  limitMs: number,
  c: RunContext,
): Promise<Pick<TestedAddon, "seen" | "milliseconds">> {
  const { addon } = chosen.folder;
  const inventory = await loadInventory(live.objects, addon.name, c.signal);
  if (!inventory)
    throw new LocalkubeError("ADDON_NOT_ENABLED", { addon: addon.name, name: live.record.spec.name });
  const made = probeOf(addon, chosen.row).type === "objects" ? await probeObjectsOf(chosen, live, c) : [];
  const report = (text: string): void => c.report({ message: text });
  const shared = {
    addon: addon.name,
    api: live.api,
    objects: live.objects,
    signal: c.signal,
    report,
    limitMs,
  };
  const begun = performance.now();
  const note = async (passed: boolean, detail: string): Promise<number> => {
    const milliseconds = Math.round(performance.now() - begun);
    const probe = { passed, detail, at: new Date().toISOString(), milliseconds };
    const options = { signal: c.signal, isFirst: false };
    await saveInventory(live.objects, addon.name, { ...inventory, probe }, options);
    return milliseconds;
  };
  try {
    await waitForRollout(awaitedOf(chosen.row, inventory.members.map(asObject), addon.namespace), {
      ...shared,
      mustExist: true,
    });
    const seen = await probeAddon(probeFor(chosen, live.record), {
      ...{ ...shared, namespace: addon.namespace, made },
      resolves: (host) => live.resolves(host, c.signal),
    });
    return { seen, milliseconds: await note(true, seen) };
  } catch (error) {
    if (error instanceof LocalkubeError && error.id.startsWith("ADDON_")) await note(false, error.message);
    throw error;
  }
}
