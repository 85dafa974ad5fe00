import { firstBootMarker } from "../../../src/contract/first-boot.ts";
import type { SeedInput, SeedInterface } from "./seed-input.ts";

/** Ignition's configuration (coreos.github.io/ignition, spec 3.3) with the same content as the NoCloud seed. Holds the private host key. */
export function ignitionConfig({ hostname, authorizedKey, hostKey, interfaces }: SeedInput): string {
  const keys = [authorizedKey];
  return JSON.stringify({
    ignition: { version: "3.3.0" },
    passwd: { users: ["root", "core"].map((name) => ({ name, sshAuthorizedKeys: keys })) },
    storage: {
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
  });
}

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
