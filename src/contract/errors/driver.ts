import { type ErrorEntry, exitCodes } from "./entry.ts";

export const driverErrors = {
  DRIVER_START_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not start the machine {name}",
    fix: "Run localkube doctor",
  },
  DRIVER_CREATE_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not make {name}",
    fix: "Run localkube doctor",
  },
  DRIVER_STOP_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not stop the machine {name}, also not by force",
    fix: "Look at it: {driver} inspect {name}",
  },
  DRIVER_IMAGE_DAMAGED: {
    exit: exitCodes.io,
    title: "The machine image {file} was damaged since it was built and has been removed",
    fix: "Run the same command again; it builds the image anew",
  },
  DRIVER_NO_SPACE: {
    exit: exitCodes.cannotCreate,
    title: "No space left where {driver} keeps its images",
    fix: "Free some space there; see what takes it: {driver} system df",
  },
  DRIVER_NO_FREE_PORT: {
    exit: exitCodes.unavailable,
    title: "No free TCP port of 127.0.0.1 from {first} to {last}",
    fix: "See which programs hold them: ss -ltnp",
  },
  DRIVER_PORT_TAKEN: {
    exit: exitCodes.unavailable,
    title: "{driver} could not start the machine {name}: port {port} of 127.0.0.1 is used by another program",
    fix: "Find and end that program: ss -ltnp sport = :{port}",
  },
  DRIVER_NAME_TAKEN: {
    exit: exitCodes.cannotCreate,
    title: "{driver} already has a {kind} named {name} that localkube did not make",
    fix: "Choose another profile name: localkube start --profile NAME",
  },
  DRIVER_OTHER_HOME: {
    exit: exitCodes.cannotCreate,
    title: "The {kind} {name} belongs to another localkube state folder, {home}{note}",
    fix: "Choose another name with --profile; if that folder is yours, work on it with LOCALKUBE_HOME={home}",
  },
  DRIVER_MACHINE_ABSENT: {
    exit: exitCodes.notFound,
    title: "The machine {name} is gone: {driver} does not know it any more",
    fix: "If its data may be lost, make it anew: localkube start --recreate",
  },
  DRIVER_MACHINE_BROKEN: {
    exit: exitCodes.unavailable,
    title: "The machine {name} is in the state «{state}», which localkube does not touch",
    fix: "Look at it with {driver}, bring it to a known state, then run the same command again",
  },
  DRIVER_MACHINE_DIFFERS: {
    exit: exitCodes.cannotCreate,
    title: "{driver} has a machine {name} that was made with other settings",
    fix: "Start it with its old settings, or make it anew and lose its data: localkube start --recreate",
  },
  DRIVER_SUSPEND_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not suspend the machine {name}; it runs on",
    fix: "Look for free space where its disk is, or power it off: localkube stop",
  },
  DRIVER_RESUME_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not wake the machine {name}; its saved memory is kept",
    fix: "Start it from its disk without that memory: localkube resume --discard",
  },
  DRIVER_SNAPSHOT_EXISTS: {
    exit: exitCodes.cannotCreate,
    title: "The machine {name} has a snapshot {snapshot} already",
    fix: "Choose another name, or remove that one: localkube snapshot delete {snapshot}",
  },
  DRIVER_SNAPSHOT_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "The machine {name} has no snapshot {snapshot}",
    fix: "See which there are: localkube snapshot list",
  },
  DRIVER_SNAPSHOT_DIFFERS: {
    exit: exitCodes.cannotCreate,
    title: "The snapshot {snapshot} holds the memory of a machine with {had}; {name} has {has} now",
    fix: "Give the machine that size again (localkube stop, then start with --cpus and --memory), then restore",
  },
  DRIVER_SNAPSHOT_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not {action} the snapshot {snapshot} of {name}",
    fix: "Look for free space where the machine's disk is; nothing was changed",
  },
  DRIVER_DISK_SMALL: {
    exit: exitCodes.usage,
    title: "A disk of {wanted} GiB is smaller than its image, which has {has}",
    fix: "Ask for as much or more: localkube start --disk-size {has}G",
  },
  DRIVER_DISK_SHRINK: {
    exit: exitCodes.usage,
    title: "The disk of {name} has {has} GiB and cannot shrink to {wanted}",
    fix: "Leave --disk-size at {has}G or more; smaller takes localkube start --recreate",
  },
  DRIVER_RESIZE_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not resize the machine {name}; it is as it was",
    fix: "Run localkube doctor",
  },
  DRIVER_DISK_FULL: {
    exit: exitCodes.cannotCreate,
    title: "The machine {name} waits because the disk of this host is full where it lies, in {folder}",
    fix: "Free some space there, then run localkube start: it goes on where it stands",
  },
  QEMU_ACCEL_UNKNOWN: {
    exit: exitCodes.usage,
    title: "LOCALKUBE_QEMU_ACCEL is «{value}», which is no accelerator",
    fix: "Set it to one of {known}, or unset it",
  },
  DRIVER_VOLUME_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not attach {file} to the machine {name}",
    fix: "Run localkube doctor",
  },
  DRIVER_LEFTOVERS: {
    exit: exitCodes.software,
    title: "{driver} could not remove everything of {name}",
    fix: "Free what is named above, then run localkube delete again",
  },
  DRIVER_NO_FREE_NETWORK: {
    exit: exitCodes.unavailable,
    title: "No free network in 192.168.64.0 to 192.168.191.255 for {name}",
    fix: "See which routes take them: ip route",
  },
  VIRTUALBOX_BLOCKED: {
    exit: exitCodes.unavailable,
    title: "VirtualBox could not {action}: {problem}",
    fix: "{fix}",
  },
  VIRTUALBOX_SNAPSHOT_HAS_NEWER: {
    exit: exitCodes.cannotCreate,
    title: "VirtualBox cannot delete the snapshot {snapshot} of {name} before those that were taken from it",
    fix: "Delete the newer ones first: localkube snapshot list",
  },
  VIRTUALBOX_NO_FREE_NETWORK: {
    exit: exitCodes.unavailable,
    title: "No free /24 network in what VirtualBox allows for host-only adapters ({allowed})",
    fix: "Allow more in /etc/vbox/networks.conf, for example: * 10.0.0.0/8 192.168.0.0/16",
  },
  VIRTUALBOX_ADAPTER_INVISIBLE: {
    exit: exitCodes.temporary,
    title: "VirtualBox made the host-only adapter {name} but does not list it",
    fix: "Run the same command again; if it stays so, restart this host",
  },
  DRIVER_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no driver «{driver}» (there are: {known})",
    fix: "Choose one: localkube start --driver auto",
  },
  DRIVER_UNUSABLE: {
    exit: exitCodes.unavailable,
    title: "The driver {driver} cannot be used here: {problem}",
    fix: "{fix}",
  },
  DRIVER_NONE_USABLE: {
    exit: exitCodes.unavailable,
    title: "No driver can be used here: {problems}",
    fix: "{fix}",
  },
  SSH_HOST_MISSING: {
    exit: exitCodes.usage,
    title: "The driver ssh needs the host that shall carry the cluster",
    fix: "Name it: localkube start --driver ssh --ssh-host HOST --ssh-user USER",
  },
  SSH_OPTION_INVALID: {
    exit: exitCodes.usage,
    title: "--{option} is «{value}»: {problem}",
    fix: "See what it takes: localkube start --help",
  },
  SSH_LOGIN_KEY_MISSING: {
    exit: exitCodes.usage,
    title: "There is no key to log in with: no SSH agent, and none of the usual files in ~/.ssh",
    fix: "Name one: --ssh-key FILE, or start an agent: eval $(ssh-agent) && ssh-add",
  },
  SSH_HOST_KEY_UNKNOWN: {
    exit: exitCodes.permission,
    title: "{host}:{port} shows the host key {fingerprint}, and nothing here says that it is the right one",
    fix: "Compare it with what the host's owner says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub there), then pin it: --{option} '{key}'",
  },
  SSH_HOST_KEY_UNTOLD: {
    exit: exitCodes.permission,
    title: "Nothing here says which host key {host}:{port} has, and it shows none of type ed25519",
    fix: "Give the one its owner tells you: --{option} 'TYPE BASE64'",
  },
  SSH_HOST_CLOCK: {
    exit: exitCodes.unavailable,
    title:
      "The clock of {host} is {seconds} s {direction} this computer's: certificates would not be valid there",
    fix: "Set it right there, for example: sudo timedatectl set-ntp true",
  },
  SSH_HOST_UNSUITABLE: {
    exit: exitCodes.unavailable,
    title: "{host} cannot carry a cluster: {problem}",
    fix: "{fix}",
  },
  SSH_HOST_BUSY: {
    exit: exitCodes.unavailable,
    title: "On {host} there is {unit}, which runs containers of its own",
    fix: "If it may go, stop it there: sudo systemctl disable --now {unit}",
  },
  SSH_HOST_FOREIGN: {
    exit: exitCodes.cannotCreate,
    title: "On {host} there is something of another cluster or container runtime: {what}",
    fix: "Take another host, or add --ssh-take-over: it is stopped and kept aside, and put back when the cluster goes",
  },
  SSH_HOST_TAKEN: {
    exit: exitCodes.cannotCreate,
    title: "{host} carries another cluster of localkube, {name}",
    fix: "Take another host, or delete that cluster first, from where it was made",
  },
  SSH_HOST_TWIN: {
    exit: exitCodes.cannotCreate,
    title: "{host} has the {what} of the host that carries {name}: one is a copy of the other",
    fix: "Give it its own: sudo hostnamectl set-hostname NAME; sudo rm /etc/machine-id; sudo systemd-machine-id-setup",
  },
  SSH_HOST_CLAIM_FAILED: {
    exit: exitCodes.unavailable,
    title: "localkube could not write its note on {host}, or not keep aside what is in the way",
    fix: "Look there for space and rights: df -h /var/lib",
  },
  SSH_HOST_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "{host} cannot be reached, so what localkube put there would stay: {problem}",
    fix: "Run it again when the host answers; if it never will, forget it: localkube delete --forget",
  },
} as const satisfies Record<string, ErrorEntry>;
