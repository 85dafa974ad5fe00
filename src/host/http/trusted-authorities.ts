import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";

/**
 * Certificates to trust: Node's own, NODE_EXTRA_CA_CERTS (in Node's default list) and the file named by SSL_CERT_FILE, which curl,
 * Go and Python read but Node does not; plus `privateAuthority` (PEM). `undefined` = Node's default is sufficient.
 */
export async function trustedAuthorities(
  env: Readonly<Record<string, string | undefined>>,
  privateAuthority?: string,
): Promise<string[] | undefined> {
  const file = env["SSL_CERT_FILE"];
  const named = file ? await readFile(file, "utf8").catch(() => undefined) : undefined;
  const extra = [named, privateAuthority].filter((pem) => pem !== undefined);
  return extra.length === 0 ? undefined : [...getCACertificates("default"), ...extra];
}
