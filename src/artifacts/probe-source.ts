import { access } from "node:fs/promises";
import { httpClient } from "../host/http/http-client.ts";
import { checkIdentity, treePath, treeUrl } from "./identity.ts";
import type { Source } from "./source.ts";

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
