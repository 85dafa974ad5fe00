import { firstBootMarker } from "../../../src/contract/first-boot.ts";
import type { SeedInput } from "./seed-input.ts";

/** Only our own image has it. */
const growUnit = "/usr/local/sbin/localkube-grow";

/** User data for cloud-init with the same content as the NoCloud seed but for the network. JSON is YAML. Holds the private host key. */
export const cloudConfig = (input: SeedInput): string =>
  `#cloud-config\n${JSON.stringify(userData(input))}\n`;

/** $1 is for systems without systemd-resolved; where that is, it has the servers from the network's configuration. Empty: the network is not ours to set up. */
const finish = `[ -z "$1" ] || [ -e /run/systemd/resolve/resolv.conf ] || printf %s "$1" > /etc/resolv.conf; mkdir -p /var/lib/localkube; touch ${firstBootMarker}`;

const userData = ({ hostname, authorizedKey, hostKey, interfaces }: SeedInput): object => {
  const dns = interfaces.flatMap((nic) => nic.dns ?? []);
  const resolvConf = dns.map((address) => `nameserver ${address}\n`).join("");
  return {
    hostname,
    // Nobody else is made; an empty list is against the schema. Locked, root could not log in where sshd goes without PAM.
    users: [{ name: "root", lock_passwd: false }],
    disable_root: false,
    ssh_pwauth: false,
    // With `ssh_keys` no others are made.
    ssh_deletekeys: true,
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
};
