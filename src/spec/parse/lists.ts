import ipaddr from "ipaddr.js";
import { waitTargets, type WaitTarget } from "../../contract/cluster-spec.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import type { SpecSurroundings } from "../field.ts";

/** Switches by name from `A=true,B=false`, or a table. Throws FEATURE_GATE_MALFORMED. */
export function parseFeatureGates(
  value: string | readonly string[] | Readonly<Record<string, boolean>>,
): Readonly<Record<string, boolean>> {
  const texts =
    typeof value === "string" || isList(value)
      ? words(value)
      : Object.entries(value).map(([name, on]) => `${name}=${on}`);
  const gates = texts.map((text): [string, boolean] => {
    const match = /^([A-Z][A-Za-z0-9]*)=(true|false)$/.exec(text);
    if (!match?.[1]) throw new LocalkubeError("FEATURE_GATE_MALFORMED", { value: text });
    return [match[1], match[2] === "true"];
  });
  return Object.fromEntries(gates);
}

/** What to wait for, from a list, `all` or `none`, in the order in which it becomes true; `all` and `none` must be used alone. Throws WAIT_TARGET_UNKNOWN. */
export function parseWait(value: string | readonly string[]): readonly WaitTarget[] {
  const wanted = words(value);
  const [only] = wanted;
  if (wanted.length === 0 || (wanted.length === 1 && only === "none")) return [];
  if (wanted.length === 1 && only === "all") return waitTargets;
  const stranger = wanted.find((word) => !waitTargets.some((target) => target === word));
  if (stranger !== undefined) {
    const hint = didYouMean(stranger, waitTargets);
    throw new LocalkubeError("WAIT_TARGET_UNKNOWN", { value: stranger, hint, known: waitTargets.join(", ") });
  }
  return waitTargets.filter((target) => wanted.includes(target));
}

/** Names of OCI runtimes, without runc, which is always there; `none` empties the list. Throws OCI_RUNTIME_UNKNOWN. */
export function parseOciRuntimes(
  value: string | readonly string[],
  { ociRuntimes }: Pick<SpecSurroundings, "ociRuntimes">,
): readonly string[] {
  const wanted = unique(words(value)).filter((name) => name !== "runc");
  if (wanted.length === 1 && wanted[0] === "none") return [];
  const stranger = wanted.find((name) => !ociRuntimes.includes(name));
  if (stranger === undefined) return wanted;
  const known = ["runc", ...ociRuntimes];
  const hint = didYouMean(stranger, known);
  throw new LocalkubeError("OCI_RUNTIME_UNKNOWN", { value: stranger, hint, known: known.join(", ") });
}

/** DNS names for the API server's certificate; the first label may be `*`. Throws APISERVER_NAME_INVALID. */
export function parseApiServerNames(value: string | readonly string[]): readonly string[] {
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  const pattern = new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`, "i");
  return unique(words(value)).map((name) => {
    const isName = pattern.test(name) && name.length <= 253 && !ipaddr.isValid(name);
    if (!isName) throw new LocalkubeError("APISERVER_NAME_INVALID", { value: name });
    return name.toLowerCase();
  });
}

/** IPv4 and IPv6 addresses for the API server's certificate, in canonical form. Throws APISERVER_IP_INVALID. */
export function parseApiServerIps(value: string | readonly string[]): readonly string[] {
  const ips = words(value).map((ip) => {
    const isAddress = ipaddr.IPv4.isValidFourPartDecimal(ip) || ipaddr.IPv6.isValid(ip);
    if (!isAddress || ip.includes("%")) throw new LocalkubeError("APISERVER_IP_INVALID", { value: ip });
    return ipaddr.parse(ip).toString();
  });
  return unique(ips);
}

/** A list may be given as repeated flags, as one text with commas, or both. */
function words(value: string | readonly string[]): string[] {
  const texts = typeof value === "string" ? [value] : value;
  return texts
    .flatMap((text) => text.split(","))
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

const unique = (values: readonly string[]) => [...new Set(values)];
export const isList = (value: object): value is readonly string[] => Array.isArray(value);
