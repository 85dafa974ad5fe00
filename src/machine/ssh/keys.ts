import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { ParsedKey } from "ssh2";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export interface MachineKeys {
  /** Logs us in. */
  readonly identity: KeyPair;
  /** Injected into the machine before its first boot. */
  readonly hostKey: KeyPair;
}

/**
 * The two key pairs of a machine, generated when they are missing, else read. Idempotent: an existing pair is never replaced, because
 * the machine knows it, and calls at the same time get the same pair. Only the private file counts; a lost `.pub` is derived from it again.
 */
export async function ensureKeys(files: {
  readonly identityFile: string;
  readonly hostKeyFile: string;
}): Promise<MachineKeys> {
  const [identity, hostKey] = await Promise.all([
    ensurePair(files.identityFile),
    ensurePair(files.hostKeyFile),
  ]);
  return { identity, hostKey };
}

/** Pairs that are being read or generated now: the nodes of a cluster have one identity and are created at the same time. */
const running = new Map<string, Promise<KeyPair>>();

function ensurePair(file: string): Promise<KeyPair> {
  const pair = running.get(file) ?? readOrGenerate(file).finally(() => running.delete(file));
  running.set(file, pair);
  return pair;
}

async function readOrGenerate(file: string): Promise<KeyPair> {
  const privatePem = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (privatePem === undefined) {
    const pair = await generateKeyPair();
    await writeIdentity(file, pair);
    return pair;
  }
  const { default: ssh2 } = await import("ssh2");
  const parsed = ssh2.utils.parseKey(privatePem);
  if (parsed instanceof Error)
    throw new LocalkubeError(
      "SSH_IDENTITY_UNREADABLE",
      { identityFile: file, problem: parsed.message },
      { cause: parsed },
    );
  const key = [parsed].flat()[0] as ParsedKey;
  const publicKey = `${key.type} ${key.getPublicSSH().toString("base64")}`;
  const pair = { privatePem, publicKey };
  const recorded = await readFile(`${file}.pub`, "utf8").catch(() => "");
  if (recorded.trim() !== publicKey) await writeIdentity(file, pair);
  return pair;
}

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
