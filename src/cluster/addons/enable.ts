import { join } from "node:path";
import type { AddonFolder } from "../../addons/catalogue.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { type Job, runJobs } from "../../pipeline/run-jobs.ts";
import { saveCluster } from "../../state/store.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { applyAddon, type AppliedAddon } from "./apply.ts";
import { rememberAddons, takeAddonsBack } from "./atomic.ts";
import type { ChosenAddon } from "./choose.ts";
import type { GivenOptions } from "./given-options.ts";
import { getImages, type GotImages, loadIntoNodes, presentFor } from "./images.ts";
import { hasNodeParts, nodesJob } from "./nodes.ts";
import type { StagedAddon } from "./own-folder.ts";
import { withAddons } from "./record.ts";
import { type EnableRequest, withRequested } from "./requested.ts";
import { knownAddons } from "./known-addons.ts";
import { isLive, type LiveCluster, withLiveCluster } from "./live-cluster.ts";

export interface EnableResult {
  readonly name: string;
  /** In the order in which they were enabled, with those that they needed. */
  readonly addons: readonly (
    AppliedAddon | { readonly name: string; readonly version: string; readonly outcome: "recorded" }
  )[];
}

const imagesMs = 1_800_000;
/** For what comes before and after the wait: applying, pruning, removing what the probe made. */
const aroundMs = 300_000;

/**
 * Enables addons with all that they need, and sees each of them work. First everything that can be refused is, then their images are got, then they are on record,
 * then the cluster is changed: whoever is killed in the middle leaves what the next call, or the next start, goes on from. In a cluster that does not run they are only
 * recorded. What fails is left as it is, for inspection, or taken back if the request is `atomic`. Idempotent. Rejects as `withRequested`, and with ADDON_SECRET_NOT_KEPT, ADDON_IMAGE_MISSING, ADDON_NOT_READY or ADDON_PROBE_FAILED.
 */
export const enableAddons = (request: EnableRequest, outer: UseCaseContext): Promise<EnableResult> =>
  withRequested(request, outer, async ({ cluster, chosen, given, staged }, context) => {
    const { name, limitMs } = request;
    const { record, paths } = cluster;
    const changed = withAddons(record, chosen);
    let isSaved = false;
    const save = async (): Promise<void> => {
      isSaved = true;
      await staged?.keep();
      await saveCluster(context.host, changed);
    };
    if (!(await isLive(cluster, context))) {
      refuseUnkeptSecrets(chosen, given, name);
      await save();
      return {
        name,
        addons: chosen.map(({ folder, row }) => ({
          name: folder.addon.name,
          version: row.version,
          outcome: "recorded",
        })),
      };
    }
    return withLiveCluster({ ...cluster, record: changed }, context, async (live) => {
      const applied: AppliedAddon[] = [];
      const settled = chosen.map((one) => settledIn(paths.addons, one, staged));
      const known = await knownWith(settled, paths.addons);
      const jobs = enableJobs(settled, live, {
        ...{ save, limitMs, known },
        done: (one) => applied.push(one),
        adapt: chosen.some(hasNodeParts) ? (after) => nodesJob(name, context, after) : undefined,
      });
      const before = request.atomic
        ? await rememberAddons(chosen, { ...live, record }, context.signal)
        : undefined;
      try {
        await runJobs(jobs, { ...context, command: "addons enable", profile: name });
      } catch (error) {
        if (before && isSaved && !context.signal.aborted)
          await takeAddonsBack(before, { chosen, staged, known }, live, context);
        throw error;
      }
      return { name, addons: applied };
    });
  });

/** Its files are read after the record is saved, from where they are then. */
const settledIn = (folder: string, one: ChosenAddon, staged: StagedAddon | undefined): ChosenAddon =>
  one.folder === staged?.found
    ? { ...one, folder: { ...one.folder, folder: join(folder, one.folder.addon.name) } }
    : one;

/** All addons, those of a call as it has them. */
async function knownWith(chosen: readonly ChosenAddon[], ownFolder: string): Promise<readonly AddonFolder[]> {
  const folders = chosen.map(({ folder }) => folder);
  const others = await knownAddons(ownFolder);
  return [...others.filter(({ addon }) => !folders.some((one) => one.addon.name === addon.name)), ...folders];
}

/** The record has no secrets, and the cluster, which keeps them, cannot be reached. */
function refuseUnkeptSecrets(chosen: readonly ChosenAddon[], given: GivenOptions, cluster: string): void {
  for (const { addon } of chosen.map(({ folder }) => folder)) {
    const option = Object.keys(given[addon.name] ?? {}).find((key) => addon.options[key]?.secret);
    if (option !== undefined)
      throw new LocalkubeError("ADDON_SECRET_NOT_KEPT", { addon: addon.name, option, name: cluster });
  }
}

function enableJobs(
  chosen: readonly ChosenAddon[],
  live: LiveCluster,
  {
    save,
    limitMs,
    known,
    done,
    adapt,
  }: {
    readonly save: () => Promise<void>;
    readonly limitMs: number;
    readonly known: readonly AddonFolder[];
    readonly done: (one: AppliedAddon) => void;
    /** What the nodes need, before anything is applied: it may restart the API server. */
    readonly adapt: ((after: readonly string[]) => Job) | undefined;
  },
): readonly Job[] {
  let got: GotImages | undefined;
  const images = async (c: RunContext): Promise<void | "unchanged"> => {
    got = await getImages(chosen, live.record, await presentFor(chosen, live, c.signal), c);
    await save();
    await loadIntoNodes(got, live, c);
    return got.archives.size === 0 ? "unchanged" : undefined;
  };
  const first: Job = {
    id: "addon-images",
    title: "Loading images",
    after: [],
    timeoutMs: imagesMs,
    apply: images,
  };
  const before = adapt ? [first, adapt([first.id])] : [first];
  const rest = chosen.map((one, index): Job => {
    const { name } = one.folder.addon;
    const previous = index === 0 ? before.at(-1)!.id : idOf(chosen[index - 1]!);
    return {
      id: idOf(one),
      title: `Enabling ${name}`,
      after: [previous],
      timeoutMs: limitMs * 2 + aroundMs,
      apply: async (c) => {
        const result = await applyAddon(one, got!.byAddon.get(name)!, live, { limitMs, known }, c);
        done(result);
        return result.outcome === "unchanged" ? "unchanged" : undefined;
      },
    };
  });
  return [...before, ...rest];
}

const idOf = ({ folder }: ChosenAddon): string => `addon-${folder.addon.name}`;
