import type { IsoEntry } from "../../../src/host/iso/write-iso.ts";
import { firstBootMarker, type SeedInput } from "./seed-input.ts";

/** Only our own image has it. */
const growUnit = "/usr/local/sbin/localkube-grow";

/**
 * The files of a NoCloud seed (docs.cloud-init.io, datasource NoCloud; volume label `cidata`). JSON is YAML, so no YAML is written. Holds
 * the private host key.
 */
export function noCloudFiles(input: SeedInput): readonly (IsoEntry & { readonly content: string })[] {
  const { hostname, instanceId } = input;
  return [
    {
      name: "meta-data",
      content: `${JSON.stringify({ "instance-id": instanceId, "local-hostname": hostname })}\n`,
    },
    { name: "user-data", content: `#cloud-config\n${JSON.stringify(userData(input))}\n` },
    { name: "network-config", content: `${JSON.stringify(networkConfig(input))}\n` },
  ];
}

/** $1 is for systems without systemd-resolved; where that is, it has the servers from the network's configuration. */
const finish = `[ -e /run/systemd/resolve/resolv.conf ] || printf %s "$1" > /etc/resolv.conf; mkdir -p /var/lib/localkube; touch ${firstBootMarker}`;

function userData({ hostname, authorizedKey, hostKey, interfaces }: SeedInput): object {
  const dns = interfaces.flatMap((nic) => nic.dns ?? []);
  const resolvConf = dns.map((address) => `nameserver ${address}\n`).join("");
  return {
    hostname,
    users: [],
    disable_root: false,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: hostKey.privatePem, ed25519_public: hostKey.publicKey },
    // Not through `users`: cloud-init leaves an account alone that is there already, as root is.
    write_files: [{ path: "/root/.ssh/authorized_keys", permissions: "0600", content: `${authorizedKey}\n` }],
    // Our own image runs these as the last thing of the one stage it has (each stage more is seconds of an emulated boot), and has no use for
    // cloud-init afterwards. Others keep it: there it grows the disk at each boot.
    bootcmd: [
      [
        "sh",
        "-c",
        `[ -e ${growUnit} ] || exit 0; touch /etc/cloud/cloud-init.disabled; ${finish}`,
        "sh",
        resolvConf,
      ],
    ],
    runcmd: [["sh", "-c", finish, "sh", resolvConf]],
  };
}

/** Version 2 (netplan's form), which cloud-init renders for whatever the guest has. */
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
