import type { Readable, Writable } from "node:stream";

/** How to reach a machine's sshd. Plain data: it is stored in the profile. */
export interface SshEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Path of the private key (OpenSSH format, 0600). */
  readonly identityFile: string;
  /** The only host key accepted, as `ssh-ed25519 AAAA…`; made by us and injected before the first boot. */
  readonly hostKey: string;
}

export interface ExecOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; the channel is closed and the call rejects with SSH_COMMAND_TIMEOUT. Default 60 000. */
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
  /** A file of the host; `sha256` (hex) is known and was verified by the caller, `size` in bytes. */
  | { readonly kind: "file"; readonly file: string; readonly sha256: string; readonly size: number };

/** One file that shall stand in the guest with exactly this content, mode and owner. */
export interface PushEntry {
  /**
   * Absolute path in the guest, in its plain form (no `..`, `//`); missing parents are made with 0755, owned by root.
   * Parents may be root's symlinks; over other people's the push is refused (SSH_PUSH_REFUSED).
   */
  readonly path: string;
  /** For instance 0o600. */
  readonly mode: number;
  /** `user:group`; default `root:root`. */
  readonly owner?: string;
  readonly source: PushSource;
}

export interface PushResult {
  /** Paths whose content or mode was changed, in manifest order; empty when the guest was as desired. */
  readonly changed: readonly string[];
  /** Bytes of file content that crossed the connection. */
  readonly bytes: number;
}

export interface PushOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole push. Default 300 000. */
  readonly timeoutMs?: number;
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  /**
   * Content that is in the guest already: a folder of files named by their SHA-256 (hex). Those of `digests` are copied from there instead
   * of being sent. The caller answers for what is in the folder; the copies are compared with it.
   */
  readonly volume?: { readonly folder: string; readonly digests: ReadonlySet<string> };
}

export interface Forward {
  /** Loopback port of the host that leads to the target. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * One connection to one machine, many channels on it. Reconnects by itself between calls when the connection was lost
 * (a reboot of the guest); a call under way then rejects with SSH_CONNECTION_LOST and may be repeated by its caller.
 */
export interface Transport {
  readonly endpoint: SshEndpoint;
  /** argv is quoted in one place; nothing is interpreted by the remote shell. */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;
  /**
   * Makes the guest's files equal to the manifest: one round trip asks which differ, one tar stream carries those, each is
   * checked against its digest in the guest before it replaces the old one by rename. Idempotent. Rejects with
   * SSH_PUSH_MISMATCH when what arrived is not what was sent.
   */
  push(entries: readonly PushEntry[], options?: PushOptions): Promise<PushResult>;
  /** Listens on 127.0.0.1 (`localPort` 0 = any free) and carries each connection to host:port as seen from the guest. */
  forward(target: { readonly host: string; readonly port: number }, localPort?: number): Promise<Forward>;
  close(): Promise<void>;
}
