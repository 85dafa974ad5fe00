import { withProfileLock } from "../../state/lock.ts";
import { openCluster, type OpenCluster } from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { chooseAddons, type ChosenAddon } from "./choose.ts";
import { type GivenOptions, refuseOpenSecrets, withOptions } from "./given-options.ts";
import { knownAddons } from "./known-addons.ts";
import { type StagedAddon, stageAddon } from "./own-folder.ts";

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
  /** What fails is taken back: the addons are then as they were. An interrupted call is not. */
  readonly atomic?: boolean;
  /** Milliseconds that each addon may take to become ready and work. */
  readonly limitMs: number;
}

/** What a request comes to for its cluster, before anything is done. */
export interface Requested {
  readonly cluster: OpenCluster;
  /** With all that they need, in the order in which they are enabled. */
  readonly chosen: readonly ChosenAddon[];
  readonly given: GivenOptions;
  /** The addon of the user's folder, whose files are not the cluster's yet. */
  readonly staged: StagedAddon | undefined;
}

/**
 * Runs `work` with everything that can be refused without asking the cluster refused, and with the profile's lock held. Rejects with CLUSTER_UNKNOWN, ADDON_UNKNOWN, ADDON_CONFLICT,
 * ADDON_OPTION_INVALID, ADDON_SECRET_OPEN, ADDON_NOT_FOR_VERSION, or as `stageAddon`.
 */
export async function withRequested<T>(
  request: EnableRequest,
  context: UseCaseContext,
  work: (requested: Requested, context: UseCaseContext) => Promise<T>,
): Promise<T> {
  const { name, from } = request;
  const command = "localkube addons enable";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const staged = from && (await stageAddon(from.folder, from.trust, cluster.paths));
    try {
      for (const text of staged?.notices ?? []) notice(inner, text, "warning");
      return await work({ cluster, staged, ...(await settled(request, cluster, staged)) }, inner);
    } finally {
      await staged?.discard();
    }
  });
}

async function settled(
  { set, setFromFiles, ...request }: EnableRequest,
  { record, paths }: OpenCluster,
  staged: StagedAddon | undefined,
): Promise<Pick<Requested, "chosen" | "given">> {
  const own = staged ? [staged.found] : [];
  const isOwn = (name: string): boolean => name === staged?.found.addon.name;
  const others = await knownAddons(
    paths.addons,
    request.addons.filter((one) => !isOwn(one)),
  );
  const known = [...others.filter(({ addon }) => !isOwn(addon.name)), ...own];
  const names = [...new Set([...request.addons, ...own.map(({ addon }) => addon.name)])];
  refuseOpenSecrets(set, known, "by --set, which every user of this computer can read");
  const given = withOptions(set, setFromFiles);
  return { given, chosen: chooseAddons(names, { known, recorded: record.spec.addons, given }, record) };
}
