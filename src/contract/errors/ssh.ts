import { type ErrorEntry, exitCodes } from "./entry.ts";

export const sshErrors = {
  SSH_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "No SSH answer from {host}:{port} within {seconds} s",
    fix: "Run localkube status to see the machine's state",
  },
  SSH_HOST_KEY_MISMATCH: {
    exit: exitCodes.permission,
    title:
      "The machine at {host}:{port} presents an SSH host key that differs from the one localkube gave it",
    fix: "Another program listens on that port, or the machine was replaced; run localkube doctor",
  },
  SSH_AUTH_FAILED: {
    exit: exitCodes.permission,
    title: "The machine at {host}:{port} rejects the key {identityFile}",
    fix: "Check authorized_keys of user {user} in the machine",
  },
  SSH_IDENTITY_UNREADABLE: {
    exit: exitCodes.io,
    title: "The SSH key {identityFile} cannot be used: {problem}",
    fix: "Restore that file, readable only by you (mode 0600)",
  },
  SSH_HANDSHAKE_FAILED: {
    exit: exitCodes.config,
    title: "The SSH server at {host}:{port} and localkube have no method in common: {problem}",
    fix: "Allow aes128-gcm@openssh.com and curve25519-sha256 in the machine's sshd_config",
  },
  SSH_CONNECTION_LOST: {
    exit: exitCodes.temporary,
    title: "The SSH connection to {host}:{port} broke during `{command}`",
    fix: "Run the same localkube command again; it goes on where it stopped",
  },
  SSH_COMMAND_FAILED: {
    exit: exitCodes.software,
    title: "In the machine, `{command}` ended with exit code {exitCode}",
    fix: "See the logs: localkube logs --problems",
  },
  SSH_COMMAND_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "In the machine, `{command}` did not end within {seconds} s",
    fix: "See the logs: localkube logs --problems",
  },
  SSH_PUSH_REFUSED: {
    exit: exitCodes.config,
    title: "No file can be written at {path} in the machine: {problem}",
    fix: "Inspect the path: localkube ssh -- ls -ld {path}",
  },
  SSH_PUSH_FAILED: {
    exit: exitCodes.cannotCreate,
    title: "Files could not be written in the machine: {problem}",
    fix: "Check its free space: localkube ssh -- df -h",
  },
  SSH_PUSH_SOURCE_UNREADABLE: {
    exit: exitCodes.io,
    title: "{file} cannot be read for the machine: {problem}",
    fix: "Run the same localkube command again; missing cache files are created again",
  },
  SSH_FORWARD_FAILED: {
    exit: exitCodes.unavailable,
    title: "Port {port} of 127.0.0.1 cannot be opened: {problem}",
    fix: "Use another port, or stop the program that uses it",
  },
  SSH_LISTEN_REFUSED: {
    exit: exitCodes.unavailable,
    title: "The machine's SSH server does not forward a port of the machine to this computer: {problem}",
    fix: "Allow it in the machine's sshd_config: AllowTcpForwarding yes",
  },
  SSH_SOCKET_FAILED: {
    exit: exitCodes.unavailable,
    title: "Nothing answers at the socket {path} in the machine: {problem}",
    fix: "See what runs there: localkube ssh -- ss -xlp",
  },
  SSH_PUSH_MISMATCH: {
    exit: exitCodes.io,
    title: "{path} arrived in the machine with content that differs from what was sent",
    fix: "Run the same localkube command again; the file was not installed",
  },
  SSH_TUNNEL_FAILED: {
    exit: exitCodes.unavailable,
    title: "The SSH tunnel from 127.0.0.1:{port} to the API server of {host} could not be opened",
    fix: "Free that port if another program has it (ss -ltnp sport = :{port}), then run localkube start",
  },
  SUDO_PASSWORD_UNREADABLE: {
    exit: exitCodes.io,
    title: "The file {file} gives no password for sudo: {problem}",
    fix: "Write the password into its first line, readable only by you (chmod 600 {file})",
  },
  SUDO_PASSWORD_MISSING: {
    exit: exitCodes.permission,
    title: "{user} needs a password for sudo on {host}, and none was given",
    fix: "Put it into LOCALKUBE_SUDO_PASSWORD, or into a file that the driver's option for it names",
  },
  SUDO_PASSWORD_WRONG: {
    exit: exitCodes.permission,
    title: "sudo on {host} rejects the password of {user}",
    fix: "Correct it where it comes from: LOCALKUBE_SUDO_PASSWORD, or the file that the driver's option names",
  },
  SUDO_NOT_ALLOWED: {
    exit: exitCodes.permission,
    title: "{user} may not run everything as root by sudo on {host}",
    fix: "Let an administrator add there: echo '{user} ALL=(ALL:ALL) ALL' | sudo tee /etc/sudoers.d/{user}",
  },
  SUDO_NEEDS_TTY: {
    exit: exitCodes.permission,
    title: "sudo on {host} requires a terminal (requiretty), which a program does not have",
    fix: "Let an administrator add there: echo 'Defaults:{user} !requiretty' | sudo tee /etc/sudoers.d/{user}-tty",
  },
  SUDO_ABSENT: {
    exit: exitCodes.permission,
    title: "There is no sudo on {host}, and {user} is not root",
    fix: "Install sudo there, or log in as root",
  },
  SUDO_FAILED: {
    exit: exitCodes.permission,
    title: "sudo on {host} does not work for {user}",
    fix: "Try it there by hand: sudo -k true",
  },
} as const satisfies Record<string, ErrorEntry>;
