import { type AddonFolder, builtInAddon } from "../../addons/catalogue.ts";
import { addonRow } from "../../addons/definition.ts";
import { type AddonPlan, enableAddon } from "../../addons/enable.ts";
import { renderFiles } from "../../addons/render-files.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import { Objects } from "../../kube/objects.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { clusterDomain } from "../start/node-input.ts";
import { chooseAddon } from "./choose.ts";
import type { LiveCluster } from "./live-cluster.ts";

/** A zone that cluster DNS asks of one server. */
interface StubZone {
  readonly zone: string;
  /** `10.96.3.4:8600` */
  readonly server: string;
}

interface DnsContext {
  readonly known: readonly AddonFolder[];
  readonly objects: Pick<Objects, "find">;
  readonly signal: AbortSignal;
}

/** Whether any row of an addon has a zone: then cluster DNS may know it. Pure. */
export const mayHaveZones = ({ addon: { versions } }: AddonFolder): boolean =>
  versions.some(({ dnsZones }) => Object.keys(dnsZones).length > 0);

/**
 * Cluster DNS as it should be with the addons on record: with the zones of those whose Service has an address by now. An addon that has just been enabled has one before its
 * wait, so the next call has the zone. Rejects with ADDON_INVALID. Read-only.
 */
export async function dnsPlan(record: ClusterRecord, image: string, context: DnsContext): Promise<AddonPlan> {
  const found = await builtInAddon("dns");
  const { version, minor } = catalogueEntry(record.kubernetesVersion);
  const row = addonRow(found.addon, { version, minor, source: record.artifactsSource }, {});
  const zones = await stubZones(record, context);
  const objects = await renderFiles(found.folder, row.objects, {
    options: {},
    images: Object.fromEntries(Object.keys(row.images).map((name) => [name, image])),
    cluster: { domain: clusterDomain, dnsAddress: record.addresses.clusterDns, ...zonePlaces(zones) },
  });
  return { name: found.addon.name, version: row.version, options: {}, objects };
}

async function stubZones(
  record: ClusterRecord,
  { known, objects, signal }: DnsContext,
): Promise<readonly StubZone[]> {
  const zones: StubZone[] = [];
  for (const [name, options] of Object.entries(record.spec.addons)) {
    const folder = known.find(({ addon }) => addon.name === name);
    if (!folder || !mayHaveZones(folder)) continue;
    const { namespace } = folder.addon;
    for (const [zone, at] of Object.entries(chooseAddon(folder, options, {}, record).row.dnsZones)) {
      const service = await objects.find({ group: "", kind: "Service", namespace, name: at.service }, signal);
      const address = (service?.["spec"] as { readonly clusterIP?: string } | undefined)?.clusterIP ?? "";
      if (address === "" || address === "None") continue;
      zones.push({ zone, server: `${address.includes(":") ? `[${address}]` : address}:${at.port}` });
    }
  }
  return zones.sort((a, b) => (a.zone < b.zone ? -1 : 1));
}

/** What the objects of cluster DNS say of zones: as an argument of cluster-dns, and as blocks of a Corefile. Without a cache, because discovery lives from what is new. Pure. */
export const zonePlaces = (zones: readonly StubZone[]): Readonly<Record<string, string>> => ({
  stubZones: zones.map(({ zone, server }) => `${zone}=${server}`).join(","),
  stubServers: zones
    .map(({ zone, server }) => `${zone}:53 {\n    errors\n    forward . ${server}\n}\n`)
    .join(""),
});

/**
 * Makes a running cluster's DNS know the zones of the addons on record, and no others. It keeps the image that the last start gave it. Idempotent; a start does the same, so whoever
 * is killed before it leaves nothing that stays wrong. Rejects with API_REFUSED.
 */
export async function applyDnsZones(
  live: Pick<LiveCluster, "api" | "record">,
  known: readonly AddonFolder[],
  { signal, report }: { readonly signal: AbortSignal; readonly report: (text: string) => void },
): Promise<void> {
  // Under the name of those who start clusters, not of addons: these objects are the start's.
  const objects = new Objects(live.api);
  const deployment = { group: "apps", kind: "Deployment", namespace: "kube-system", name: "coredns" };
  const image = imageOf(await objects.find(deployment, signal));
  // Without cluster DNS, as somebody has chosen to be, there is nothing to tell.
  if (image === undefined) return;
  const plan = await dnsPlan(live.record, image, { known, objects, signal });
  await enableAddon(plan, { objects, signal, report, wait: () => Promise.resolve() });
}

function imageOf(deployment: KubeObject | undefined): string | undefined {
  const spec = deployment?.["spec"] as
    | { readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } } }
    | undefined;
  return spec?.template.spec.containers[0]?.image;
}
