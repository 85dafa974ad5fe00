import { type ErrorEntry, exitCodes } from "./entry.ts";

export const sshErrors = {
  SSH_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "No SSH answer from {host}:{port} within {seconds} s",
    fix: "Run localkube status to see the machine's state",
  },
  SSH_HOST_KEY_MISMATCH: {
    exit: exitCodes.permission,
    title: "The machine at {host}:{port} shows another SSH host key than the one we gave it",
    fix: "Another program answers on that port, or the machine was replaced; run localkube doctor",
  },
  SSH_AUTH_FAILED: {
    exit: exitCodes.permission,
    title: "The machine at {host}:{port} refuses the key {identityFile}",
    fix: "Check authorized_keys of user {user} in the machine",
  },
  SSH_CONNECTION_LOST: {
    exit: exitCodes.temporary,
    title: "The SSH connection to {host}:{port} broke during `{command}`",
    fix: "Run the same localkube command again; it goes on where it stopped",
  },
  SSH_COMMAND_FAILED: {
    exit: exitCodes.software,
    title: "In the machine `{command}` ended with exit code {exitCode}",
    fix: "Look inside: localkube logs --problems",
  },
  SSH_COMMAND_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "In the machine `{command}` did not end within {seconds} s",
    fix: "Look inside: localkube logs --problems",
  },
  SSH_PUSH_MISMATCH: {
    exit: exitCodes.io,
    title: "{path} arrived in the machine with another content than was sent",
    fix: "Run the same localkube command again; the file was not installed",
  },
} as const satisfies Record<string, ErrorEntry>;
