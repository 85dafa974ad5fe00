import { join } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { type Job, runJobs } from "../../pipeline/run-jobs.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { openCluster, type OpenCluster } from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { applyAddon, type AppliedAddon } from "./apply.ts";
import { chooseAddons, type ChosenAddon } from "./choose.ts";
import { type GivenOptions, refuseOpenSecrets, withOptions } from "./given-options.ts";
import { getImages, type GotImages, loadIntoNodes, presentFor } from "./images.ts";
import { knownAddons } from "./known-addons.ts";
import { hasNodeParts, nodesJob } from "./nodes.ts";
import { type StagedAddon, stageAddon } from "./own-folder.ts";
import { withAddons } from "./record.ts";
import { isLive, type LiveCluster, withLiveCluster } from "./live-cluster.ts";

export interface EnableRequest {
  /** The cluster's profile. */
  readonly name: string;
  readonly addons: readonly string[];
  /** A user's folder with one more. `trust`: it may change the nodes. */
  readonly from?: { readonly folder: string; readonly trust: boolean };
  /** Options as they were written on the command line, where every user of the computer can read them. */
  readonly set: GivenOptions;
  /** Options that were read from files; secrets may be among them. */
  readonly setFromFiles: GivenOptions;
  /** Milliseconds that each addon may take to become ready and work. */
  readonly limitMs: number;
}

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
 * recorded. Idempotent. Rejects with CLUSTER_UNKNOWN, ADDON_UNKNOWN, ADDON_CONFLICT, ADDON_OPTION_INVALID, ADDON_SECRET_OPEN, ADDON_SECRET_NOT_KEPT, ADDON_NOT_FOR_VERSION, ADDON_IMAGE_MISSING, ADDON_NOT_READY,
 * ADDON_PROBE_FAILED, or as `stageAddon`.
 */
export async function enableAddons(request: EnableRequest, context: UseCaseContext): Promise<EnableResult> {
  const { name } = request;
  const command = "localkube addons enable";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { from } = request;
    if (!from) return enableHoldingLock(request, cluster, undefined, inner);
    const staged = await stageAddon(from.folder, from.trust, cluster.paths);
    try {
      return await enableHoldingLock(request, cluster, staged, inner);
    } finally {
      await staged.discard();
    }
  });
}

async function enableHoldingLock(
  { name, set, setFromFiles, limitMs, ...request }: EnableRequest,
  cluster: OpenCluster,
  staged: StagedAddon | undefined,
  context: UseCaseContext,
): Promise<EnableResult> {
  const { record, paths } = cluster;
  const own = staged?.found;
  const addons = [...new Set([...request.addons, ...(own ? [own.addon.name] : [])])];
  const others = await knownAddons(
    paths.addons,
    addons.filter((one) => one !== own?.addon.name),
  );
  const known = [...others.filter(({ addon }) => addon.name !== own?.addon.name), ...(own ? [own] : [])];
  for (const text of staged?.notices ?? []) notice(context, text, "warning");
  const recorded = record.spec.addons;
  refuseOpenSecrets(set, known, "by --set, which every user of this computer can read");
  const given = withOptions(set, setFromFiles);
  const chosen = chooseAddons(addons, { known, recorded, given }, record);
  const save = async (): Promise<void> => {
    await staged?.keep();
    await saveCluster(context.host, withAddons(record, chosen));
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
  return withLiveCluster(cluster, context, async (live) => {
    const applied: AppliedAddon[] = [];
    const settled = chosen.map((one) => settledIn(paths.addons, one, staged));
    const [images, ...rest] = enableJobs(settled, live, { save, limitMs, done: (one) => applied.push(one) });
    const nodes = chosen.some(hasNodeParts) ? [nodesJob(name, context, [images.id])] : [];
    await runJobs([images, ...nodes, ...rest], { ...context, command: "addons enable", profile: name });
    return { name, addons: applied };
  });
}

/** Its files are read after the record is saved, from where they are then. */
const settledIn = (folder: string, one: ChosenAddon, staged: StagedAddon | undefined): ChosenAddon =>
  one.folder === staged?.found
    ? { ...one, folder: { ...one.folder, folder: join(folder, one.folder.addon.name) } }
    : one;

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
    done,
  }: {
    readonly save: () => Promise<void>;
    readonly limitMs: number;
    readonly done: (one: AppliedAddon) => void;
  },
): readonly [Job, ...Job[]] {
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
  const rest = chosen.map((one, index): Job => {
    const { name } = one.folder.addon;
    const before = index === 0 ? first.id : idOf(chosen[index - 1]!);
    return {
      id: idOf(one),
      title: `Enabling ${name}`,
      after: [before],
      timeoutMs: limitMs * 2 + aroundMs,
      apply: async (c) => {
        const result = await applyAddon(one, got!.byAddon.get(name)!, live, limitMs, c);
        done(result);
        return result.outcome === "unchanged" ? "unchanged" : undefined;
      },
    };
  });
  return [first, ...rest];
}

const idOf = ({ folder }: ChosenAddon): string => `addon-${folder.addon.name}`;
