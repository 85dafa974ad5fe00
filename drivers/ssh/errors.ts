import { errorsOf } from "../../src/contract/errors/localkube-error.ts";
import { type ErrorTable, exitCodes } from "../../src/contract/errors/entry.ts";

/** What only this driver can report; see src/contract/errors for what all drivers share. */
export const sshErrors = {
  SSH_HOST_MISSING: {
    exit: exitCodes.usage,
    title: "The driver ssh needs the host on which to run the cluster",
    fix: "Name it: localkube start --driver ssh --ssh-host HOST --ssh-user USER",
  },
  SSH_OPTION_INVALID: {
    exit: exitCodes.usage,
    title: "--{option} is '{value}': {problem}",
    fix: "See the allowed values: localkube start --help",
  },
  SSH_LOGIN_KEY_MISSING: {
    exit: exitCodes.usage,
    title: "There is no key to log in with: no SSH agent, and none of the usual files in ~/.ssh",
    fix: "Name one: --ssh-key FILE, or start an agent: eval $(ssh-agent) && ssh-add",
  },
  SSH_HOST_KEY_UNKNOWN: {
    exit: exitCodes.permission,
    title: "{host}:{port} presents the host key {fingerprint}, which is not known here",
    fix: "Compare it with what the host's owner says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub there), then pin it: --{option} '{key}'",
  },
  SSH_HOST_KEY_UNTOLD: {
    exit: exitCodes.permission,
    title: "The host key of {host}:{port} is not known here, and it presents none of type ed25519",
    fix: "Get the key from its owner and pass it: --{option} 'TYPE BASE64'",
  },
  SSH_HOST_CLOCK: {
    exit: exitCodes.unavailable,
    title:
      "The clock of {host} is {seconds} s {direction} this computer's: certificates would not be valid there",
    fix: "Set it right there, for example: sudo timedatectl set-ntp true",
  },
  SSH_HOST_UNSUITABLE: {
    exit: exitCodes.unavailable,
    title: "{host} cannot run a cluster: {problem}",
    fix: "{fix}",
  },
  SSH_HOST_BUSY: {
    exit: exitCodes.unavailable,
    title: "{host} runs {unit}, which has containers of its own",
    fix: "If it is not needed, stop it there: sudo systemctl disable --now {unit}",
  },
  SSH_HOST_FOREIGN: {
    exit: exitCodes.cannotCreate,
    title: "{host} has remains of another cluster or container runtime: {what}",
    fix: "Use another host, or add --ssh-take-over: they are stopped and set aside, and put back when the cluster is deleted",
  },
  SSH_HOST_TAKEN: {
    exit: exitCodes.cannotCreate,
    title: "{host} already runs another localkube cluster, {name}",
    fix: "Use another host, or first delete that cluster from the computer that created it",
  },
  SSH_HOST_TWIN: {
    exit: exitCodes.cannotCreate,
    title: "{host} has the same {what} as the host that runs {name}: one is a copy of the other",
    fix: "Give it its own: sudo hostnamectl set-hostname NAME; sudo rm /etc/machine-id; sudo systemd-machine-id-setup",
  },
  SSH_HOST_CLAIM_FAILED: {
    exit: exitCodes.unavailable,
    title: "localkube could not write its record on {host}, or could not set aside what is in the way",
    fix: "Check free space and permissions there: df -h /var/lib",
  },
  SSH_HOST_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "{host} cannot be reached, so what localkube installed there would be left behind: {problem}",
    fix: "Run the command again when the host is reachable; if it never will be, forget it: localkube delete --forget",
  },
} as const satisfies ErrorTable;

export const SshDriverError = errorsOf(sshErrors);
