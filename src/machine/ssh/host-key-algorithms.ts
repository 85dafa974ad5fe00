import type { ServerHostKeyAlgorithm } from "ssh2";

/**
 * Signature algorithms that fit the pinned key (`ssh-ed25519 AAAA…`). Asking for no other makes a server that has several
 * keys show the one we know.
 */
export function hostKeyAlgorithms(hostKey: string): ServerHostKeyAlgorithm[] {
  const type = hostKey.split(" ")[0] as ServerHostKeyAlgorithm;
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type];
}
