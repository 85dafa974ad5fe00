import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import ipaddr from "ipaddr.js";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import type { Registry, Runtime } from "../../contract/runtime.ts";
import { registryLogin } from "../../host/registry-login.ts";
import type { RegistryAccess } from "../../provision/node/node-input.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";

/**
 * What nodes need to reach image registries, read on this host at each start: certificates, logins, proxy. Reads only. Rejects before anything is
 * made with REGISTRY_CA_UNUSABLE, REGISTRY_LOGIN_MISSING, REGISTRY_LOGIN_UNUSABLE, or REGISTRY_NOT_FOR_RUNTIME. Warns of a proxy that nodes
 * cannot use.
 */
export async function readRegistryAccess(
  { registries: wanted }: ClusterSpec,
  runtime: Runtime,
  context: UseCaseContext,
): Promise<RegistryAccess> {
  const { host, signal } = context;
  const registries = await registriesOf(wanted);
  const refused = runtime.refusedRegistry(registries);
  if (refused)
    throw new LocalkubeError("REGISTRY_NOT_FOR_RUNTIME", {
      runtime: runtime.name,
      registry: refused.name,
      problem: refused.problem,
    });
  const logins = [];
  // One after the other: a keyring asks its user once.
  for (const [registry, file] of Object.entries(wanted.logins))
    logins.push(await registryLogin(registry, file, host, signal));
  // A foreign server has an environment of its own.
  const isWanted = wanted.hostProxy && !runtime.foreign;
  const { proxy, warnings } = isWanted ? hostProxy(host.env) : { proxy: {}, warnings: [] };
  for (const warning of warnings) notice(context, warning, "warning");
  return { registries, logins, proxy };
}

async function registriesOf({
  mirrors,
  insecure,
  authorities,
}: ClusterSpec["registries"]): Promise<readonly Registry[]> {
  const names = new Set([...Object.keys(mirrors), ...insecure, ...Object.keys(authorities)]);
  return Promise.all(
    [...names].sort().map(async (name): Promise<Registry> => {
      const file = authorities[name];
      return {
        name,
        mirrors: mirrors[name] ?? [],
        insecure: insecure.includes(name),
        ...(file === undefined ? {} : { authority: await readAuthority(name, file) }),
      };
    }),
  );
}

const certificates = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The file's certificates and nothing else of it: a key beside them stays here. */
async function readAuthority(registry: string, file: string): Promise<string> {
  const unusable = (problem: string, cause?: unknown): LocalkubeError =>
    new LocalkubeError("REGISTRY_CA_UNUSABLE", { registry, file, problem }, { cause });
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw unusable(code === "ENOENT" ? "there is no such file" : (cause as Error).message, cause);
  }
  const found = content.match(certificates) ?? [];
  if (found.length === 0) throw unusable("it contains no certificate in PEM form");
  for (const pem of found) {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(pem);
    } catch (cause) {
      throw unusable("a certificate in it cannot be read", cause);
    }
    if (certificate.validToDate.getTime() < Date.now())
      throw unusable(`the certificate of ${certificate.subject.replaceAll("\n", ", ")} has expired`);
  }
  return `${found.join("\n")}\n`;
}

/** The proxy that this host's variables name (upper case first, as in Go), without what a node cannot use. */
function hostProxy(env: HostContext["env"]): {
  readonly proxy: RegistryAccess["proxy"];
  readonly warnings: readonly string[];
} {
  const read = (name: string): string => (env[name] || env[name.toLowerCase()] || "").trim();
  const warnings: string[] = [];
  const proxies = (["HTTP_PROXY", "HTTPS_PROXY"] as const).flatMap((name) => {
    const value = read(name);
    if (value === "") return [];
    // The value is not repeated: it may contain a password.
    const url = URL.parse(value.includes("://") ? value : `http://${value}`);
    const isPlain = /^[\x21-\x7e]+$/.test(value) && !/["'\\`]/.test(value);
    if (!url || url.hostname === "" || !isPlain) {
      warnings.push(`${name} of this host is not the address of a proxy, so the nodes do not get it`);
      return [];
    }
    if (isLoopback(url.hostname)) {
      warnings.push(
        `${name} of this host names a proxy on its loopback, which nodes cannot reach, so they do not get it; let the proxy listen on another address too`,
      );
      return [];
    }
    return [[name, value] as const];
  });
  if (proxies.length === 0) return { proxy: {}, warnings };
  const direct = read("NO_PROXY");
  const kept = /^[\x21-\x7e, ]*$/.test(direct) ? direct : "";
  return { proxy: { ...Object.fromEntries(proxies), ...(kept ? { NO_PROXY: kept } : {}) }, warnings };
}

function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return ipaddr.isValid(name) && ipaddr.parse(name).range() === "loopback";
}
