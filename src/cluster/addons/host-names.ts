import type { AddonRow } from "../../addons/definition.ts";
import type { OptionValues } from "../../addons/options.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { ownAddresses, type SeenHost, type UnseenHost } from "../../provision/guest/seen-host.ts";
import type { ChosenAddon } from "./choose.ts";

/** A name outside of the cluster that an addon brings to cluster DNS. */
export interface HostName {
  readonly name: string;
  /** The addon's option that says the address. */
  readonly option: string;
  readonly at: SeenHost | UnseenHost;
}

/**
 * The names of hosts that an addon brings, with their addresses: as its options say, or this computer's as the machine sees it, which is asked once and only when it is wanted. Rejects as `seen`.
 */
export async function hostNames(
  { row: { dnsHosts }, values }: { readonly row: Pick<AddonRow, "dnsHosts">; readonly values: OptionValues },
  seen: () => Promise<SeenHost | UnseenHost>,
): Promise<readonly HostName[]> {
  const names: HostName[] = [];
  let asked: SeenHost | UnseenHost | undefined;
  for (const [name, option] of Object.entries(dnsHosts)) {
    const value = String(values[option]);
    const at = value === "auto" ? (asked ??= await seen()) : given(value);
    names.push({ name, option, at });
  }
  return names;
}

/** What leads to this computer from elsewhere, through a router for instance, is not seen here: then loopback is as good as anything. */
const given = (address: string): SeenHost => ({
  address,
  listen: ownAddresses().some((own) => own.address === address) ? address : "127.0.0.1",
});

/** The names of hosts that an addon brings. Rejects with ADDON_HOST_UNKNOWN when the address of one is not known, or as `seen`. */
export async function knownHostNames(
  chosen: Pick<ChosenAddon, "folder" | "row" | "values">,
  seen: () => Promise<SeenHost | UnseenHost>,
): Promise<readonly (HostName & { readonly at: SeenHost })[]> {
  const { name: addon } = chosen.folder.addon;
  return (await hostNames(chosen, seen)).map(({ name, option, at }) => {
    if ("problem" in at)
      throw new LocalkubeError("ADDON_HOST_UNKNOWN", { addon, host: name, option, problem: at.problem });
    return { name, option, at };
  });
}
