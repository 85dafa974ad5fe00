import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import type { Got, Response } from "got";
import { proxyFor } from "./proxy-for.ts";

export type HttpClient = Got;
export type HttpResponse = Response<string>;

type Environment = Readonly<Record<string, string | undefined>>;

const connectMs = 15_000;

/**
 * got, configured for an address as this host needs it: proxy, certificate authorities (plus `privateAuthority`, PEM), no decompression
 * (digests are of the bytes sent), no retries and no exceptions for HTTP statuses: callers decide. Loaded on first use.
 */
export async function httpClient(url: URL, env: Environment, privateAuthority?: string): Promise<HttpClient> {
  const { default: got } = await import("got");
  const authorities = await trustedAuthorities(env, privateAuthority);
  return got.extend({
    headers: { "user-agent": "localkube", "accept-encoding": "identity" },
    decompress: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    timeout: { lookup: connectMs, connect: connectMs, secureConnect: connectMs },
    ...(authorities ? { https: { certificateAuthority: authorities } } : {}),
    ...(await agents(url, env, authorities)),
  });
}

async function agents(url: URL, env: Environment, ca: string[] | undefined) {
  // A redirect may change the protocol (http mirror to https), hence both agents, each configured by its own variable.
  const http = proxyFor(new URL(`http://${url.host}`), env);
  const https = proxyFor(new URL(`https://${url.host}`), env);
  if (!http && !https) return {};
  const { HttpProxyAgent, HttpsProxyAgent } = await import("hpagent");
  return {
    agent: {
      ...(http ? { http: new HttpProxyAgent({ proxy: http }) } : {}),
      ...(https
        ? { https: new HttpsProxyAgent({ proxy: https, ...(ca ? { ca, proxyRequestOptions: { ca } } : {}) }) }
        : {}),
    },
  };
}

/**
 * Certificates to trust: Node's own, NODE_EXTRA_CA_CERTS (in Node's default list) and the file named by SSL_CERT_FILE, which curl,
 * Go and Python read but Node does not; plus `privateAuthority` (PEM). `undefined` = Node's default is sufficient.
 */
async function trustedAuthorities(
  env: Readonly<Record<string, string | undefined>>,
  privateAuthority?: string,
): Promise<string[] | undefined> {
  const file = env["SSL_CERT_FILE"];
  const named = file ? await readFile(file, "utf8").catch(() => undefined) : undefined;
  const extra = [named, privateAuthority].filter((pem) => pem !== undefined);
  return extra.length === 0 ? undefined : [...getCACertificates("default"), ...extra];
}
