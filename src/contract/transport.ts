import type { Duplex, Readable, Writable } from "node:stream";

/** One SSH server, and how to log in to it. */
export interface SshServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Path of the private key (OpenSSH format, 0600); absent only where the agent has the key. */
  readonly identityFile?: string;
  /** Socket of an SSH agent whose keys are tried too. */
  readonly agent?: string;
  /** The only host key accepted, as `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

/** How to reach a machine's sshd. Built from the machine's record for each command; never stored. */
export interface SshEndpoint extends SshServer {
  /** The server through which the machine is reached. */
  readonly jump?: SshServer;
  /** The user is not root: everything runs through sudo, with this password when sudo asks for one. A function, so that no log can contain it. */
  readonly sudo?: { password(): Promise<string | undefined> };
}

export interface ConnectOptions {
  /** Ends the first connection attempt; later calls have signals of their own. */
  readonly signal: AbortSignal;
  /** Milliseconds until SSH_UNREACHABLE, for the first connection and for each later one. */
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
  /** Folder in the guest for what push remembers. Default `/var/lib/localkube`. */
  readonly guestStateDir?: string;
}

/**
 * Logs in to a machine, waiting for its sshd while it boots, and becomes root. Rejects with the signal's reason, SSH_UNREACHABLE,
 * SSH_HOST_KEY_MISMATCH, SSH_AUTH_FAILED, SSH_HANDSHAKE_FAILED, SSH_IDENTITY_UNREADABLE, or for sudo SUDO_PASSWORD_MISSING,
 * SUDO_PASSWORD_WRONG, SUDO_NOT_ALLOWED, SUDO_NEEDS_TTY, SUDO_ABSENT; nothing is left open then.
 */
export type ConnectSsh = (endpoint: SshEndpoint, options: ConnectOptions) => Promise<Transport>;

export interface ExecOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; then the channel is closed and the call rejects with SSH_COMMAND_TIMEOUT. Default 60 000. */
  readonly timeoutMs?: number;
  readonly stdin?: string | Uint8Array | Readable;
  /** Receives standard output instead of `ExecResult.stdout` (which is then empty); is flushed, but not ended. */
  readonly stdout?: Writable;
  /** Each whole line of standard output and error as it appears. */
  readonly onLine?: (line: string) => void;
  /** Resolve instead of reject with SSH_COMMAND_FAILED when the exit code is not 0. */
  readonly allowFailure?: boolean;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type PushSource =
  /** Small rendered text (unit, config, certificate). */
  | { readonly kind: "text"; readonly text: string }
  /** A file on the host; `sha256` (hex) is known and was verified by the caller, `size` in bytes. */
  | { readonly kind: "file"; readonly file: string; readonly sha256: string; readonly size: number };

/** One file that must exist in the guest with exactly this content, mode and owner. */
export interface PushEntry {
  /**
   * Absolute path in the guest, normalized (no `..`, `//`); missing parents are created with 0755, owned by root.
   * Parents may be symlinks owned by root; through other users' symlinks the push is refused (SSH_PUSH_REFUSED).
   */
  readonly path: string;
  /** For example 0o600. */
  readonly mode: number;
  /** `user:group`; default `root:root`. */
  readonly owner?: string;
  readonly source: PushSource;
}

export interface PushResult {
  /** Paths whose content or mode was changed, in manifest order; empty when the guest was already as desired. */
  readonly changed: readonly string[];
  /** Bytes of file content sent over the connection. */
  readonly bytes: number;
}

export interface PushOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole push. Default 300 000. */
  readonly timeoutMs?: number;
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  /**
   * Content that already exists in the guest: a folder of files named by their SHA-256 (hex). Those of `digests` are copied from there
   * instead of being sent. The caller is responsible for the folder's content; the copies are verified against their digests.
   */
  readonly volume?: { readonly folder: string; readonly digests: ReadonlySet<string> };
}

export interface Forward {
  /** The loopback port that leads to the target. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * One connection to one machine with many channels. Reconnects by itself between calls when the connection was lost
 * (a reboot of the guest); a call in progress then rejects with SSH_CONNECTION_LOST and may be repeated by its caller.
 */
export interface Transport {
  readonly endpoint: SshEndpoint;
  /** argv is quoted in one place; nothing is interpreted by the remote shell. */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;
  /**
   * Makes the guest's files equal to the manifest: one round trip asks which differ, one tar stream sends those, and each is
   * checked against its digest in the guest before it replaces the old one by rename. Idempotent. Rejects with
   * SSH_PUSH_MISMATCH when what arrived is not what was sent.
   */
  push(entries: readonly PushEntry[], options?: PushOptions): Promise<PushResult>;
  /** Listens on 127.0.0.1 (`localPort` 0 = any free) and forwards each connection to host:port as seen from the guest. */
  forward(target: { readonly host: string; readonly port: number }, localPort?: number): Promise<Forward>;
  /**
   * Connects to the unix socket at that absolute path in the guest, as root. Whoever has done with the stream destroys it. Rejects with
   * SSH_SOCKET_FAILED when nobody listens there; where the user is not root that is told by the stream's error.
   */
  connectSocket(path: string, options?: { readonly signal?: AbortSignal }): Promise<Duplex>;
  /**
   * Listens on a free port of the guest's 127.0.0.1 and hands over each connection made there, until it or the transport is closed; it ends with
   * a lost connection. Rejects with SSH_LISTEN_REFUSED when sshd does not allow it, or with the signal's reason.
   */
  listen(
    onConnection: (stream: Duplex) => void,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Forward>;
  close(): Promise<void>;
}
