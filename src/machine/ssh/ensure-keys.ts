import { readFile } from "node:fs/promises";
import type { ParsedKey } from "ssh2";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { generateKeyPair, type KeyPair, writeIdentity } from "./keys.ts";

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
