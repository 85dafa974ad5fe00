import { resolve } from "node:path";
import process from "node:process";
import ipaddr from "ipaddr.js";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { isList } from "./lists.ts";

/** `REGISTRY=VALUE`, once or repeated, or the same as a table. */
type Wish<Value> = string | readonly string[] | Readonly<Record<string, Value>>;

const examples = {
  "registry-mirror": "docker.io=https://mirror.example",
  "insecure-registry": "10.0.0.5:5000",
  "registry-ca": "reg.example=ca.pem",
  "registry-auth": "reg.example",
} as const;
type RegistryFlag = keyof typeof examples;

/** Addresses by registry, in the given order. Throws REGISTRY_NAME_INVALID or REGISTRY_MIRROR_INVALID. */
export function parseMirrors(
  wish: Wish<string | readonly string[]>,
): Readonly<Record<string, readonly string[]>> {
  const mirrors: Record<string, string[]> = {};
  for (const [name, values] of entriesOf("registry-mirror", wish))
    for (const value of [values ?? []].flat()) {
      const list = (mirrors[name] ??= []);
      const address = mirrorAddress(name, value);
      if (!list.includes(address)) list.push(address);
    }
  return sorted(Object.entries(mirrors));
}

/** Names of registries, from a list or a text with commas. Throws REGISTRY_NAME_INVALID. */
export function parseInsecureRegistries(wish: string | readonly string[]): readonly string[] {
  const words = (typeof wish === "string" ? [wish] : wish)
    .flatMap((text) => text.split(","))
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return [...new Set(words.map((word) => registryName("insecure-registry", word, word)))].sort();
}

/** Absolute paths by registry. Throws REGISTRY_NAME_INVALID. */
export const parseAuthorities = (wish: Wish<string>): Readonly<Record<string, string>> =>
  sorted(
    entriesOf("registry-ca", wish).map(([name, file]): [string, string] => {
      if (!file) throw invalid("registry-ca", name, "the file is missing");
      return [name, resolve(process.cwd(), String(file))];
    }),
  );

/** Absolute paths by registry, empty for the user's own login. Throws REGISTRY_NAME_INVALID. */
export const parseLogins = (wish: Wish<string>): Readonly<Record<string, string>> =>
  sorted(
    entriesOf("registry-auth", wish).map(([name, file]): [string, string] => [
      name,
      file ? resolve(process.cwd(), String(file)) : "",
    ]),
  );

/** Paths after the `=` of each entry, relative to that folder. */
export function filesInFolder(wish: Wish<string>, folder: string): Wish<string> {
  const absolute = (file: string): string => (file === "" ? "" : resolve(folder, file));
  const inEntry = (entry: string): string => {
    const equals = entry.indexOf("=");
    return equals < 0 ? entry : `${entry.slice(0, equals + 1)}${absolute(entry.slice(equals + 1))}`;
  };
  if (typeof wish === "string") return inEntry(wish);
  if (isList(wish)) return wish.map(inEntry);
  return Object.fromEntries(Object.entries(wish).map(([name, file]) => [name, absolute(file)]));
}

/** Pairs of a registry's name and what follows its `=`, undefined without one. */
function entriesOf<Value>(
  flag: RegistryFlag,
  wish: Wish<Value>,
): readonly (readonly [string, Value | string | undefined])[] {
  if (typeof wish !== "string" && !isList(wish))
    return Object.entries(wish).map(([name, value]) => [registryName(flag, name, name), value]);
  // A single empty one clears all values.
  return (typeof wish === "string" ? [wish] : wish)
    .filter((entry) => entry !== "")
    .map((entry) => {
      const equals = entry.indexOf("=");
      if (equals >= 0)
        return [registryName(flag, entry.slice(0, equals), entry.slice(0, equals)), entry.slice(equals + 1)];
      if (flag !== "registry-auth")
        throw invalid(flag, entry.replace(/\/\/[^/]*@/, "//***@"), "'=' is missing");
      return [registryName(flag, entry, entry), undefined];
    });
}

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const hostAndPort = new RegExp(`^(${label}(?:\\.${label})*)(?::([0-9]{1,5}))?$`);

/** The name of a registry as images have it. Other names of Docker's registry become `docker.io`. */
function registryName(flag: RegistryFlag, text: string, value: string): string {
  const name = text.trim().toLowerCase();
  if (name.includes("/")) throw invalid(flag, value, "a registry has a name and a port, and no '/'");
  const [, host = "", port = "443"] = hostAndPort.exec(name) ?? [];
  if (host === "" || Number(port) === 0 || Number(port) > 65_535)
    throw invalid(flag, value, `'${text}' is not the name of a registry`);
  if (/^[0-9.]+$/.test(host) && !ipaddr.IPv4.isValidFourPartDecimal(host))
    throw invalid(flag, value, `'${host}' is not an address`);
  // Without one of these, the first part of an image's name is a folder at docker.io.
  if (host !== "localhost" && !/[.:]/.test(name))
    throw invalid(flag, value, "the name of a registry has a dot or a port");
  return ["index.docker.io", "registry-1.docker.io"].includes(name) ? "docker.io" : name;
}

function mirrorAddress(registry: string, value: string): string {
  const problem = (text: string) =>
    new LocalkubeError("REGISTRY_MIRROR_INVALID", { registry, problem: text });
  const url = URL.parse(value);
  // The value itself is not repeated: it may contain a password.
  if (!url || !["http:", "https:"].includes(url.protocol))
    throw problem("it is not an http or https address");
  if (url.username !== "" || url.password !== "") throw problem("credentials do not belong into an address");
  if (url.search !== "" || url.hash !== "") throw problem("an address of a mirror has no '?' and no '#'");
  if (!hostAndPort.test(url.host)) throw problem(`'${url.host}' is not a host`);
  if (/^\/v2(\/|$)/.test(url.pathname))
    throw problem("leave out /v2, which every registry has before its paths");
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

function invalid(flag: RegistryFlag, value: string, problem: string): LocalkubeError {
  return new LocalkubeError("REGISTRY_NAME_INVALID", { flag, value, problem, example: examples[flag] });
}

const sorted = <Value>(entries: readonly (readonly [string, Value])[]): Readonly<Record<string, Value>> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
