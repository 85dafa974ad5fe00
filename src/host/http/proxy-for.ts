import ipaddr from "ipaddr.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Proxy for an address from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY as curl and Go read them (lower case first; NO_PROXY
 * may contain names, `.suffixes`, addresses, CIDRs, `host:port` and `*`). Loopback never uses a proxy, as in Go.
 * A proxy's address may contain a password: never log it.
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || "";
  const wanted = read(url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY") || read("ALL_PROXY");
  if (!wanted || bypasses(url, read("NO_PROXY"))) return undefined;
  const proxy = URL.parse(wanted.includes("://") ? wanted : `http://${wanted}`);
  return proxy && ["http:", "https:"].includes(proxy.protocol) ? proxy : undefined;
}

function bypasses(url: URL, noProxy: string): boolean {
  const name = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  if (name === "localhost" || isLoopback(name)) return true;
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter(Boolean)
    .some((entry) => matches(entry, name, port));
}

function matches(entry: string, name: string, port: string): boolean {
  if (entry === "*") return true;
  const [, host = entry, entryPort] = /^(.*?):(\d+)$/.exec(entry) ?? [];
  if (ipaddr.isValidCIDR(entry)) return inNetwork(name, entry);
  if (entryPort !== undefined && !ipaddr.IPv6.isValid(entry) && entryPort !== port) return false;
  const suffix = (ipaddr.IPv6.isValid(entry) ? entry : host).replace(/^\*?\./, "");
  return name === suffix || name.endsWith(`.${suffix}`);
}

function inNetwork(name: string, cidr: string): boolean {
  if (!ipaddr.isValid(name)) return false;
  const address = ipaddr.parse(name);
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return address.kind() === network.kind() && address.match(network, bits);
}

const isLoopback = (name: string): boolean =>
  ipaddr.isValid(name) && ipaddr.parse(name).range() === "loopback";
