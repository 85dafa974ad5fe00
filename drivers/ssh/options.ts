import type { DriverOption } from "../../src/contract/driver-option.ts";

/** What its name does not say, for the list of drivers. */
export const sshNote = "an existing host";

/** Another host is another cluster; everything else only says how this computer gets there. */
export const sshOptions = [
  {
    name: "ssh-host",
    summary: "Name or address of the host on which to run the cluster",
    helpValue: "HOST",
    change: "recreate",
  },
  { name: "ssh-port", summary: "Port of its sshd (22)", helpValue: "PORT", change: "client" },
  {
    name: "ssh-user",
    summary: "User to log in as (root); others work through sudo",
    helpValue: "USER",
    change: "client",
  },
  {
    name: "ssh-key",
    summary: "Private key for the login; default: the SSH agent's keys, else ~/.ssh/id_ed25519 and the like",
    helpValue: "FILE",
    file: true,
    change: "client",
  },
  {
    name: "ssh-host-key",
    summary: "The host's public key, the only one accepted; default: what your known_hosts says",
    helpValue: "'ssh-ed25519 AAAA…'",
    change: "client",
  },
  {
    name: "ssh-jump",
    summary: "Jump host through which it is reached",
    helpValue: "USER@HOST[:PORT]",
    change: "client",
  },
  {
    name: "ssh-jump-key",
    summary: "Private key for the jump host; default: the same as for the host",
    helpValue: "FILE",
    file: true,
    change: "client",
  },
  {
    name: "ssh-jump-host-key",
    summary: "The jump host's public key; default: what your known_hosts says",
    helpValue: "'ssh-ed25519 AAAA…'",
    change: "client",
  },
  {
    name: "ssh-sudo-password-file",
    summary: "File whose first line is the password for sudo; or put it into LOCALKUBE_SUDO_PASSWORD",
    helpValue: "FILE",
    file: true,
    change: "client",
  },
  {
    name: "ssh-take-over",
    summary: "Set aside what another Kubernetes or container runtime left there, and put it back on delete",
    boolean: true,
    change: "client",
  },
] as const satisfies readonly DriverOption[];
