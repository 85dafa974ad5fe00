import type { HostContext } from "../../../contract/host.ts";
import { fail, ok, warn, type HostCheck } from "../host-check.ts";

const variables = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

export const proxy: HostCheck = {
  id: "proxy",
  title: "Proxy",
  run: ({ env }) => Promise.resolve(judgeProxy(env)),
};

export function judgeProxy(env: HostContext["env"]) {
  const set = variables.flatMap((name) => (env[name] ? [{ name, url: env[name] }] : []));
  const [broken] = set.filter(({ url }) => !/^(?:https?|socks\w*):$/.test(protocolOf(url)));
  if (broken)
    return fail(`${broken.name} is not the URL of a proxy`, `Set ${broken.name} to http://HOST:PORT`);
  if (set.length === 0) return ok("none");
  const detail = set.map(({ name, url }) => `${name}=${withoutPassword(url)}`).join(", ");
  const exceptions = (env["NO_PROXY"] || env["no_proxy"] || "").split(",").map((entry) => entry.trim());
  const isLocalDirect = exceptions.some((entry) => entry === "*" || entry.startsWith("127.0.0."));
  if (isLocalDirect) return ok(detail);
  const wanted = [...exceptions.filter((entry) => entry !== ""), "localhost", "127.0.0.1"];
  return warn(
    `${detail}, also for 127.0.0.1, where kubectl reaches the cluster`,
    `export NO_PROXY=${[...new Set(wanted)].join(",")}`,
  );
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  const user = url.username === "" ? "" : "***@";
  return `${url.protocol}//${user}${url.host}`;
}
