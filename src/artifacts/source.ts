import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { checkIdentity, treePath, treeUrl } from "./identity.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { httpClient } from "../host/http/http-client.ts";

/** Where artifacts are taken from; every one of them offers the same paths. */
export type Source =
  | { readonly kind: "upstream" }
  | { readonly kind: "url"; readonly base: URL }
  | { readonly kind: "folder"; readonly folder: string };

/** Reads `--mirror` (empty = upstream). Rejects with MIRROR_INVALID for a missing folder or an unsupported kind of address. */
export async function openSource(mirror: string): Promise<Source> {
  if (!mirror) return { kind: "upstream" };
  if (/^https?:\/\//i.test(mirror)) {
    const base = URL.parse(mirror);
    if (!base) throw new LocalkubeError("MIRROR_INVALID", { mirror, problem: "the address is malformed" });
    return { kind: "url", base };
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(mirror))
    throw new LocalkubeError("MIRROR_INVALID", { mirror, problem: "only http and https are supported" });
  const folder = resolve(mirror);
  const status = await stat(folder).catch(() => undefined);
  if (!status?.isDirectory())
    throw new LocalkubeError("MIRROR_INVALID", {
      mirror,
      problem: status ? "it is not a folder" : "the folder does not exist",
    });
  return { kind: "folder", folder };
}

/** The name of a source in messages; without a password that its address may hold. */
export function sourceName(source: Source, identity: string): string {
  if (source.kind === "upstream") return identity.split("/", 1)[0] ?? identity;
  return source.kind === "folder" ? source.folder : withoutCredentials(source.base);
}

export function withoutCredentials(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}

export type SourceAnswer =
  { readonly state: "there" | "missing" } | { readonly state: "unreachable"; readonly problem: string };

export interface ProbeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** For the whole answer, redirects included. */
  readonly timeoutMs: number;
}

/** Checks with one HEAD request (or by looking into the folder) whether a source has an artifact. Rejects only when aborted. */
export async function probeSource(
  source: Source,
  identity: string,
  options: ProbeOptions,
): Promise<SourceAnswer> {
  if (source.kind === "folder")
    return access(treePath(source.folder, identity)).then(
      () => ({ state: "there" }) as const,
      () => ({ state: "missing" }) as const,
    );
  const url =
    source.kind === "url" ? treeUrl(source.base, identity) : new URL(`https://${checkIdentity(identity)}`);
  try {
    const client = await httpClient(url, options.env);
    const { statusCode } = await client.head(url, {
      timeout: { request: options.timeoutMs },
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (statusCode >= 200 && statusCode < 300) return { state: "there" };
    if (statusCode === 404 || statusCode === 410) return { state: "missing" };
    return { state: "unreachable", problem: `HTTP ${statusCode}` };
  } catch (error) {
    options.signal?.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      state: "unreachable",
      problem: code === "ETIMEDOUT" ? `no answer in ${options.timeoutMs / 1000} s` : (code ?? message),
    };
  }
}
