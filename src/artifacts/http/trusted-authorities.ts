import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";

/**
 * Certificates to trust: Node's own, NODE_EXTRA_CA_CERTS (in its default list) and the file named by SSL_CERT_FILE, which curl,
 * Go and Python read but Node does not. `undefined` = Node's default is right.
 */
export async function trustedAuthorities(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[] | undefined> {
  const file = env["SSL_CERT_FILE"];
  if (!file) return undefined;
  const extra = await readFile(file, "utf8").catch(() => undefined);
  return extra === undefined ? undefined : [...getCACertificates("default"), extra];
}
