import { readFile } from "node:fs/promises";
import { newestStable, normaliseVersion } from "./catalogue/kubernetes-version.ts";
import { httpClient } from "../host/http/http-client.ts";
import { treePath, treeUrl } from "./identity.ts";
import type { ProbeOptions, Source } from "./source.ts";

/** Upstream's own path for "the newest stable version"; `mirror pull` writes it too, so that a mirror says what it offers. */
export const stableIdentity = "dl.k8s.io/release/stable.txt";

/**
 * The version to use when none was asked for: what a mirror names as stable, if our catalogue knows it; otherwise, and always for
 * upstream (whose newest may be newer than this program), the newest of the catalogue.
 */
export async function stableVersion(source: Source, options: ProbeOptions): Promise<string> {
  const text = await readStable(source, options).catch(() => "");
  options.signal?.throwIfAborted();
  try {
    return normaliseVersion(text.trim());
  } catch {
    return newestStable();
  }
}

async function readStable(source: Source, options: ProbeOptions): Promise<string> {
  if (source.kind === "upstream") return "";
  if (source.kind === "folder") return readFile(treePath(source.folder, stableIdentity), "utf8");
  const url = treeUrl(source.base, stableIdentity);
  const client = await httpClient(url, options.env);
  const answer = await client.get(url, {
    timeout: { request: options.timeoutMs },
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return answer.statusCode === 200 ? answer.body : "";
}
