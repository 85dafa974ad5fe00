import type { AddonFolder } from "../../addons/catalogue.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { type Job, runJobs } from "../../pipeline/run-jobs.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { openCluster } from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { applyAddon, type AppliedAddon } from "./apply.ts";
import { chooseAddons, type ChosenAddon, type GivenOptions, knownAddons } from "./choose.ts";
import { getImages, type GotImages, loadIntoNodes, presentFor } from "./images.ts";
import { hasNodeParts, nodesJob } from "./nodes.ts";
import { withAddons } from "./record.ts";
import { isLive, type LiveCluster, withLiveCluster } from "./live-cluster.ts";

export interface EnableRequest {
  /** The cluster's profile. */
  readonly name: string;
  readonly addons: readonly string[];
  readonly given: GivenOptions;
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
 * recorded. Idempotent. Rejects with CLUSTER_UNKNOWN, ADDON_UNKNOWN, ADDON_CONFLICT, ADDON_OPTION_INVALID, ADDON_NOT_FOR_VERSION, ADDON_IMAGE_MISSING, ADDON_NOT_READY or
 * ADDON_PROBE_FAILED.
 */
export async function enableAddons(
  { name, addons, given, limitMs }: EnableRequest,
  context: UseCaseContext,
): Promise<EnableResult> {
  const command = "localkube addons enable";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { record, paths } = cluster;
    const known = await knownAddons(paths.addons);
    const recorded = record.spec.addons;
    const chosen = chooseAddons(addons, { known, recorded, given }, record);
    const changed = withAddons(record, chosen);
    const save = () => saveCluster(context.host, changed);
    if (!(await isLive(cluster, inner))) {
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
    return withLiveCluster({ ...cluster, record: changed }, inner, async (live) => {
      const applied: AppliedAddon[] = [];
      const [images, ...rest] = enableJobs(chosen, live, {
        ...{ save, limitMs, known },
        done: (one) => applied.push(one),
      });
      const nodes = chosen.some(hasNodeParts) ? [nodesJob(name, inner, [images.id])] : [];
      await runJobs([images, ...nodes, ...rest], { ...inner, command: "addons enable", profile: name });
      return { name, addons: applied };
    });
  });
}

function enableJobs(
  chosen: readonly ChosenAddon[],
  live: LiveCluster,
  {
    save,
    limitMs,
    known,
    done,
  }: {
    readonly save: () => Promise<void>;
    readonly limitMs: number;
    readonly known: readonly AddonFolder[];
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
        const result = await applyAddon(one, got!.byAddon.get(name)!, live, { limitMs, known }, c);
        done(result);
        return result.outcome === "unchanged" ? "unchanged" : undefined;
      },
    };
  });
  return [first, ...rest];
}

const idOf = ({ folder }: ChosenAddon): string => `addon-${folder.addon.name}`;

/** `ingress.hostPort=8080` by addon. Throws ADDON_OPTION_MALFORMED; the value is not repeated, because it may be a secret. Pure. */
export function parseSet(texts: readonly string[]): GivenOptions {
  const given: Record<string, Record<string, string>> = {};
  for (const text of texts) {
    const equals = text.indexOf("=");
    const place = equals < 0 ? text : text.slice(0, equals);
    const dot = place.indexOf(".");
    const malformed = (problem: string): LocalkubeError =>
      new LocalkubeError("ADDON_OPTION_MALFORMED", { value: place, problem });
    if (equals < 0) throw malformed("'=' is missing");
    if (dot <= 0 || dot === place.length - 1) throw malformed("'.' between addon and option is missing");
    (given[place.slice(0, dot)] ??= {})[place.slice(dot + 1)] = text.slice(equals + 1);
  }
  return given;
}
