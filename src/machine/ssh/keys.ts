import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

export interface KeyPair {
  /** OpenSSH format; a secret. */
  readonly privatePem: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
}

/**
 * A new ed25519 key pair, as login identity or as host key. Takes some milliseconds.
 * ssh2 cuts zero bytes off the front of the public key, which spoils one pair in 256 (mscdex/ssh2#1390): those are thrown away.
 */
export async function generateKeyPair(): Promise<KeyPair> {
  const { default: ssh2 } = await import("ssh2");
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    const sound = [pair.private, pair.public].every((text) => !(ssh2.utils.parseKey(text) instanceof Error));
    if (sound) return { privatePem: pair.private, publicKey: pair.public.trim() };
  }
}

/** Writes `file` (0600) and `file.pub` (0644) atomically; the folder is created with 0700 if missing. */
export async function writeIdentity(file: string, pair: KeyPair): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // The private key last: whoever finds it finds a complete pair.
  await writeFileAtomic(`${file}.pub`, `${pair.publicKey}\n`, { mode: 0o644 });
  await writeFileAtomic(file, pair.privatePem, { mode: 0o600 });
}
