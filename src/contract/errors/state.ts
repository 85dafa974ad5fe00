import { type ErrorEntry, exitCodes } from "./entry.ts";

export const stateErrors = {
  STATE_UNREADABLE: {
    exit: exitCodes.config,
    title: "The state file {file} cannot be read: {problem}",
    fix: "Restore it from a backup; nothing was changed",
  },
  STATE_DAMAGED: {
    exit: exitCodes.config,
    title: "The record of the cluster {name} is damaged, {file}: {problem}",
    fix: "Restore that file from a backup, or remove the cluster: localkube delete -p {name}",
  },
  SETTINGS_DAMAGED: {
    exit: exitCodes.config,
    title: "The settings file {file} is damaged: {problem}",
    fix: "Correct it, or discard the stored settings: rm {file}{otherwise}",
  },
  STATE_TOO_NEW: {
    exit: exitCodes.config,
    title: "The state file {file} has schema {schema}; this localkube knows schema {known} at most",
    fix: "Use the newer localkube that wrote it; nothing was changed",
  },
  STATE_NOT_PERMITTED: {
    exit: exitCodes.permission,
    title: "This user may not read or write {file}: it, or a parent folder, belongs to another user",
    fix: "If a command run as root created it, take ownership: {command}",
  },
  STATE_LOCKED: {
    exit: exitCodes.temporary,
    title: "Another localkube process has been working on the profile {name} since {since}: {holder}",
    fix: "Wait until it has ended, then run the same command again",
  },
  STATE_LOCK_LOST: {
    exit: exitCodes.temporary,
    title: "The lock of the profile {name} was lost while this command was running",
    fix: "Run the same command again; it continues where it stopped",
  },
  STATE_UNWRITABLE: {
    exit: exitCodes.cannotCreate,
    title: "{file} cannot be written: {problem}",
    fix: "Make {folder} writable for this user, or point LOCALKUBE_HOME at a folder that is",
  },
  STATE_PATH_UNUSABLE: {
    exit: exitCodes.cannotCreate,
    title: "The state folder's path {folder} contains {what}, which OpenSSH and other programs do not accept",
    fix: "Point LOCALKUBE_HOME at a folder with another path",
  },
  KUBECONFIG_MALFORMED: {
    exit: exitCodes.config,
    title: "The kubeconfig {file} is malformed at line {line}, column {column}: {problem}",
    fix: "Correct that line; the file was not touched",
  },
  KUBECONFIG_UNUSABLE: {
    exit: exitCodes.cannotCreate,
    title: "The kubeconfig {file} cannot be used: {problem}",
    fix: "Point KUBECONFIG at a file that this user may read and write",
  },
  KUBECONFIG_NOT_PERMITTED: {
    exit: exitCodes.permission,
    title:
      "This user may not read or write the kubeconfig {file}: it, or a parent folder, belongs to another user",
    fix: "If a command run as root created it, take ownership: {command}",
  },
  KUBECONFIG_LOCKED: {
    exit: exitCodes.temporary,
    title: "The kubeconfig {file} has been locked by another program for more than {seconds} s",
    fix: "If no kubectl is running, remove the leftover {lock}",
  },
  KUBECONFIG_NAME_TAKEN: {
    exit: exitCodes.config,
    title: "The kubeconfig {file} has an entry {kind} '{name}' that localkube did not create",
    fix: "Use another profile name: localkube start -p NAME",
  },
} as const satisfies Record<string, ErrorEntry>;
