import type { MachineImage, MachineSpec } from "../../src/contract/driver.ts";
import { firstBootMarker } from "../../src/contract/first-boot.ts";
import { type IsoEntry, writeIso } from "../../src/host/iso/write-iso.ts";

/** One network interface of the guest, identified by its MAC: the kernel's name for it does not matter. */
export interface SeedInterface {
  /** The name it gets: `eth0`. */
  readonly name: string;
  readonly mac: string;
  /** With prefix length: `192.168.70.15/24`. */
  readonly address: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
}

export interface SeedInput extends Pick<MachineSpec, "hostname" | "authorizedKey" | "hostKey"> {
  /** Changes when the machine is recreated; cloud-init runs once per id. */
  readonly instanceId: string;
  readonly interfaces: readonly SeedInterface[];
}

/** Writes what a disk's first boot reads, 0600: a NoCloud volume, or Ignition's JSON. Equal input gives an equal file. */
export async function writeSeed(
  file: string,
  input: SeedInput,
  kind: NonNullable<MachineImage["firstBoot"]>,
  signal: AbortSignal,
): Promise<void> {
  if (kind === "cloud-init")
    return writeIso(file, noCloudFiles(input), { label: "cidata", mode: 0o600, signal });
  signal.throwIfAborted();
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await writeFileAtomic(file, ignitionConfig(input), { mode: 0o600 });
}

/**
 * The files of a NoCloud seed (docs.cloud-init.io, datasource NoCloud; volume label `cidata`). JSON is YAML, so no YAML is written. Contains
 * the private host key.
 */
export function noCloudFiles(input: SeedInput): readonly (IsoEntry & { readonly content: string })[] {
  const { hostname, instanceId } = input;
  return [
    {
      name: "meta-data",
      // `local`: nothing in user-data needs the network, so that cloud-init is done with it before the network is up.
      content: `${JSON.stringify({ "instance-id": instanceId, "local-hostname": hostname, dsmode: "local" })}\n`,
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

/** Only our own image has it. */
const growUnit = "/usr/local/sbin/localkube-grow";

/** User data for cloud-init with the same content as the NoCloud seed except for the network. JSON is YAML. Contains the private host key. */
export const cloudConfig = (input: SeedInput): string =>
  `#cloud-config\n${JSON.stringify(userData(input))}\n`;

/**
 * $1 is for systems without systemd-resolved; systems with it get the servers from the network's configuration. Empty: the network is not
 * ours to set up.
 */
const finish = `[ -z "$1" ] || [ -e /run/systemd/resolve/resolv.conf ] || printf %s "$1" > /etc/resolv.conf; mkdir -p /var/lib/localkube; touch ${firstBootMarker}`;

const userData = ({ hostname, authorizedKey, hostKey, interfaces }: SeedInput): object => {
  const dns = interfaces.flatMap((nic) => nic.dns ?? []);
  const resolvConf = dns.map((address) => `nameserver ${address}\n`).join("");
  return {
    hostname,
    // No other user is created; an empty list violates the schema. If root were locked, it could not log in where sshd runs without PAM.
    users: [{ name: "root", lock_passwd: false }],
    disable_root: false,
    ssh_pwauth: false,
    // With `ssh_keys` no others are generated.
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privatePem, ed25519_public: hostKey.publicKey },
    // Not through `users`: cloud-init leaves an existing account alone, and root exists already.
    write_files: [{ path: "/root/.ssh/authorized_keys", permissions: "0600", content: `${authorizedKey}\n` }],
    // Our own image runs these at the end of its only stage (each further stage takes seconds of an emulated boot), and has no use for
    // cloud-init afterwards. Other images keep it: there it grows the disk at each boot.
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
};

/**
 * Ignition's configuration (coreos.github.io/ignition, spec 3.3) with the same content as the NoCloud seed, plus what Flatcar needs to be a
 * node: programs are installed in /usr/local, which it mounts read-only, and its reboots for updates would take the cluster down. Contains
 * the private host key.
 */
export function ignitionConfig({ hostname, authorizedKey, hostKey, interfaces }: SeedInput): string {
  const keys = [authorizedKey];
  return JSON.stringify({
    ignition: { version: "3.3.0" },
    passwd: { users: ["root", "core"].map((name) => ({ name, sshAuthorizedKeys: keys })) },
    storage: {
      directories: [upper, work].map((path) => ({ path, mode: 0o755 })),
      files: [
        file("/etc/hostname", `${hostname}\n`, 0o644),
        file("/etc/ssh/ssh_host_ed25519_key", hostKey.privatePem, 0o600),
        file("/etc/ssh/ssh_host_ed25519_key.pub", `${hostKey.publicKey}\n`, 0o644),
        file(firstBootMarker, "", 0o644),
        ...interfaces.map((nic, index) =>
          file(`/etc/systemd/network/10-localkube-${index}.network`, unit(nic), 0o644),
        ),
      ],
    },
    systemd: {
      units: [
        { name: "usr-local.mount", enabled: true, contents: writableUsrLocal },
        { name: "locksmithd.service", mask: true },
      ],
    },
  });
}

const upper = "/var/lib/localkube/usr-local/upper";
const work = "/var/lib/localkube/usr-local/work";

/** systemd.mount(5). Where the folder is writable anyway, nothing is mounted. */
const writableUsrLocal = [
  "[Unit]",
  "Description=Writable /usr/local for localkube",
  "ConditionPathIsReadWrite=!/usr/local",
  "RequiresMountsFor=/var/lib/localkube",
  "Before=sshd.service",
  "",
  "[Mount]",
  "What=overlay",
  "Where=/usr/local",
  "Type=overlay",
  `Options=lowerdir=/usr/local,upperdir=${upper},workdir=${work}`,
  "",
  "[Install]",
  "WantedBy=multi-user.target",
  "",
].join("\n");

const file = (path: string, text: string, mode: number): object => ({
  path,
  mode,
  overwrite: true,
  contents: { source: `data:;base64,${Buffer.from(text).toString("base64")}` },
});

/** systemd.network(5). */
const unit = ({ mac, address, gateway, dns = [] }: SeedInterface): string =>
  [
    "[Match]",
    `MACAddress=${mac}`,
    "",
    "[Network]",
    `Address=${address}`,
    "IPv6AcceptRA=no",
    ...(gateway === undefined ? [] : [`Gateway=${gateway}`]),
    ...dns.map((server) => `DNS=${server}`),
    "",
  ].join("\n");
