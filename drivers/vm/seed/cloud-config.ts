import { firstBootMarker } from "../../../src/contract/first-boot.ts";
import type { SeedInput } from "./seed-input.ts";

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
