import { firstBootMarker } from "../../../src/contract/first-boot.ts";
import type { SeedInput, SeedInterface } from "./seed-input.ts";

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
