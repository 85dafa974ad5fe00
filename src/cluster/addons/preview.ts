import type { AddonPlan } from "../../addons/enable.ts";
import type { Member } from "../../addons/inventory.ts";
import { type ObjectChanges, previewAddon } from "../../addons/preview.ts";
import { settleSecrets } from "../../addons/secrets.ts";
import type { RunContext } from "../../contract/host.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";
import { type ChosenAddon, renderAddon } from "./choose.ts";
import { getPublished, namesInNodes, presentFor } from "./images.ts";
import { isLive, type LiveCluster, withLiveCluster } from "./live-cluster.ts";
import { partWords } from "./node-parts.ts";
import { type EnableRequest, withRequested } from "./requested.ts";

export { named } from "../../addons/prune.ts";

/** What enabling an addon would do. */
export interface PreviewedAddon {
  readonly name: string;
  readonly version: string;
  /** Absent in a cluster that does not run: its objects are compared with nothing. */
  readonly objects?: Pick<ObjectChanges, "added" | "changed" | "removed"> & {
    /** What stays because it may hold data. */
    readonly kept: readonly (Member & { readonly why: string })[];
  };
  /** Those that would be loaded into the nodes, as they are called there. */
  readonly images: readonly string[];
  /** What of the nodes would be changed, if it is not so already: in words. */
  readonly nodes: readonly string[];
}

export interface Preview {
  readonly name: string;
  readonly dryRun: true;
  readonly addons: readonly PreviewedAddon[];
}

/**
 * What `enableAddons` would do for this request. Nothing of the cluster, its nodes or its record is changed; files that a project publishes are got into the cache, because its objects are
 * in them. Rejects as `withRequested`, and with API_REFUSED for an object that the API server would not take.
 */
export const previewAddons = (request: EnableRequest, outer: UseCaseContext): Promise<Preview> =>
  withRequested(request, outer, async ({ cluster, chosen }, context) => {
    const { name } = request;
    const c = quietly(context);
    if (!(await isLive(cluster, context)))
      return { name, dryRun: true, addons: await Promise.all(chosen.map((one) => outline(one, new Set()))) };
    return withLiveCluster(cluster, context, async (live) => {
      const present = await presentFor(chosen, live, context.signal);
      const addons: PreviewedAddon[] = [];
      for (const one of chosen) {
        const plan = await planOf(one, live, c);
        const { kept, ...changes } = await previewAddon(plan, {
          objects: live.objects,
          signal: context.signal,
        });
        const objects = { ...changes, kept: kept.map(({ member, why }) => ({ ...member, why })) };
        addons.push({ ...(await outline(one, present)), objects });
      }
      return { name, dryRun: true, addons };
    });
  });

async function outline(
  chosen: ChosenAddon,
  present: ReadonlySet<string>,
): Promise<Omit<PreviewedAddon, "objects">> {
  const { folder, row } = chosen;
  const images = new Set(Object.values(await namesInNodes(chosen)));
  return {
    name: folder.addon.name,
    version: row.version,
    images: [...images].filter((image) => !present.has(image)),
    nodes: partWords(row.node),
  };
}

/** As `applyAddon` makes it, but with secrets that nobody keeps where the cluster has none. */
async function planOf(chosen: ChosenAddon, live: LiveCluster, c: RunContext): Promise<AddonPlan> {
  const { addon } = chosen.folder;
  const got = { images: await namesInNodes(chosen), published: await getPublished(chosen, live.record, c) };
  const secrets = await settleSecrets(addon, chosen.values, live.objects, c.signal, { dryRun: true });
  const rendered = async (values: Readonly<Record<string, string>>) =>
    (await renderAddon({ ...chosen, values: { ...chosen.values, ...values } }, got, live.record)).objects;
  return {
    name: addon.name,
    version: chosen.row.version,
    options: chosen.options,
    objects: await rendered(secrets.values),
    masked: await rendered(secrets.masks),
  };
}
