import type { IsoEntry } from "../../../src/host/iso/write-iso.ts";
import { cloudConfig } from "./cloud-config.ts";
import type { SeedInput } from "./seed-input.ts";

/**
 * The files of a NoCloud seed (docs.cloud-init.io, datasource NoCloud; volume label `cidata`). JSON is YAML, so no YAML is written. Contains
 * the private host key.
 */
export function noCloudFiles(input: SeedInput): readonly (IsoEntry & { readonly content: string })[] {
  const { hostname, instanceId } = input;
  return [
    {
      name: "meta-data",
      content: `${JSON.stringify({ "instance-id": instanceId, "local-hostname": hostname })}\n`,
    },
    { name: "user-data", content: cloudConfig(input) },
    { name: "network-config", content: `${JSON.stringify(networkConfig(input))}\n` },
  ];
}

/** Version 2 (netplan's format), which cloud-init renders for whatever the guest uses. */
function networkConfig({ interfaces }: SeedInput): object {
  const ethernets = interfaces.map(({ name, mac, address, gateway, dns }) => [
    name,
    {
      match: { macaddress: mac },
      "set-name": name,
      dhcp4: false,
      dhcp6: false,
      "accept-ra": false,
      addresses: [address],
      ...(gateway === undefined ? {} : { routes: [{ to: "0.0.0.0/0", via: gateway }] }),
      ...(dns === undefined ? {} : { nameservers: { addresses: dns } }),
    },
  ]);
  return { version: 2, ethernets: Object.fromEntries(ethernets) as object };
}
