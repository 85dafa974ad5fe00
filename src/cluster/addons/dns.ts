import { type AddonFolder, builtInAddon } from "../../addons/catalogue.ts";
import { type AddonRow, addonRow } from "../../addons/definition.ts";
import { type AddonPlan, enableAddon } from "../../addons/enable.ts";
import { renderFiles } from "../../addons/render-files.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import { Objects } from "../../kube/objects.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { clusterDomain } from "../start/node-input.ts";
import type { SeenHost, UnseenHost } from "../../provision/guest/seen-host.ts";
import { chooseAddon, type ChosenAddon } from "./choose.ts";
import { hostNames } from "./host-names.ts";
import type { LiveCluster } from "./live-cluster.ts";

/** A zone that cluster DNS asks of one server. */
interface StubZone {
  readonly zone: string;
  /** `10.96.3.4:8600` */
  readonly server: string;
}

/** A name outside of the cluster. */
interface DnsHost {
  readonly name: string;
  readonly address: string;
}

interface DnsContext {
  readonly known: readonly AddonFolder[];
  readonly objects: Pick<Objects, "find">;
  /** This computer as the machine sees it now; asked only when a name of it is wanted. */
  readonly seenHost: () => Promise<SeenHost | UnseenHost>;
  readonly signal: AbortSignal;
}

/** Whether a row of an addon says anything to cluster DNS. Pure. */
export const tellsDns = ({ dnsZones, dnsHosts }: Pick<AddonRow, "dnsZones" | "dnsHosts">): boolean =>
  Object.keys({ ...dnsZones, ...dnsHosts }).length > 0;

/** Whether any row of an addon does: then cluster DNS may know of it. Pure. */
export const mayTellDns = ({ addon: { versions } }: AddonFolder): boolean => versions.some(tellsDns);

/**
 * Cluster DNS as it should be with the addons on record: with the zones of those whose Service has an address by now. An addon that has just been enabled has one before its
 * wait, so the next call has the zone. Also with the names of hosts whose address is known. Rejects with ADDON_INVALID. Read-only.
 */
export async function dnsPlan(record: ClusterRecord, image: string, context: DnsContext): Promise<AddonPlan> {
  const found = await builtInAddon("dns");
  const { version, minor } = catalogueEntry(record.kubernetesVersion);
  const row = addonRow(found.addon, { version, minor, source: record.artifactsSource }, {});
  const chosen = tellingAddons(record, context.known);
  const places = dnsPlaces(await stubZones(chosen, context), await dnsHosts(chosen, context));
  const objects = await renderFiles(found.folder, row.objects, {
    options: {},
    images: Object.fromEntries(Object.keys(row.images).map((name) => [name, image])),
    cluster: { domain: clusterDomain, dnsAddress: record.addresses.clusterDns, ...places },
  });
  return { name: found.addon.name, version: row.version, options: {}, objects };
}

/** Those on record that say something to cluster DNS. */
function tellingAddons(record: ClusterRecord, known: readonly AddonFolder[]): readonly ChosenAddon[] {
  return Object.entries(record.spec.addons).flatMap(([name, options]) => {
    const folder = known.find(({ addon }) => addon.name === name);
    return folder && mayTellDns(folder) ? [chooseAddon(folder, options, {}, record)] : [];
  });
}

async function stubZones(
  chosen: readonly ChosenAddon[],
  { objects, signal }: DnsContext,
): Promise<readonly StubZone[]> {
  const zones: StubZone[] = [];
  for (const { folder, row } of chosen) {
    const { namespace } = folder.addon;
    for (const [zone, at] of Object.entries(row.dnsZones)) {
      const service = await objects.find({ group: "", kind: "Service", namespace, name: at.service }, signal);
      const address = (service?.["spec"] as { readonly clusterIP?: string } | undefined)?.clusterIP ?? "";
      if (address === "" || address === "None") continue;
      zones.push({ zone, server: `${address.includes(":") ? `[${address}]` : address}:${at.port}` });
    }
  }
  return zones.sort((a, b) => (a.zone < b.zone ? -1 : 1));
}

async function dnsHosts(
  chosen: readonly ChosenAddon[],
  { seenHost }: DnsContext,
): Promise<readonly DnsHost[]> {
  const hosts: DnsHost[] = [];
  for (const one of chosen)
    for (const { name, at } of await hostNames(one, seenHost))
      if ("address" in at) hosts.push({ name, address: at.address });
  return hosts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What the objects of cluster DNS say of zones and hosts: as arguments of cluster-dns, and as blocks of a Corefile. Zones have no cache, because discovery lives from what is new. Pure.
 */
export const dnsPlaces = (
  zones: readonly StubZone[],
  hosts: readonly DnsHost[],
): Readonly<Record<string, string>> => ({
  stubZones: zones.map(({ zone, server }) => `${zone}=${server}`).join(","),
  dnsHosts: hosts.map(({ name, address }) => `${name}=${address}`).join(","),
  moreServers: [
    ...zones.map(({ zone, server }) => [`${zone}:53`, `forward . ${server}`]),
    ...hosts.map(({ name, address }) => [`${name}:53`, `hosts {\n        ${address} ${name}\n    }`]),
  ]
    .map(([name, rule]) => `${name} {\n    errors\n    ${rule}\n}\n`)
    .join(""),
});

/**
 * Makes a running cluster's DNS know the zones and hosts of the addons on record, and no others. It keeps the image that the last start gave it. Idempotent; a start does the same, so whoever
 * is killed before it leaves nothing that stays wrong. Rejects with API_REFUSED.
 */
export async function applyDns(
  live: Pick<LiveCluster, "api" | "record" | "seenHost">,
  known: readonly AddonFolder[],
  { signal, report }: { readonly signal: AbortSignal; readonly report: (text: string) => void },
): Promise<void> {
  // Under the name of those who start clusters, not of addons: these objects are the start's.
  const objects = new Objects(live.api);
  const deployment = { group: "apps", kind: "Deployment", namespace: "kube-system", name: "coredns" };
  const image = imageOf(await objects.find(deployment, signal));
  // Without cluster DNS, as somebody has chosen to be, there is nothing to tell.
  if (image === undefined) return;
  const plan = await dnsPlan(live.record, image, {
    ...{ known, objects, signal },
    seenHost: () => live.seenHost(signal),
  });
  await enableAddon(plan, { objects, signal, report, wait: () => Promise.resolve() });
}

function imageOf(deployment: KubeObject | undefined): string | undefined {
  const spec = deployment?.["spec"] as
    | { readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } } }
    | undefined;
  return spec?.template.spec.containers[0]?.image;
}
