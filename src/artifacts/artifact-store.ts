import { readFile, rm } from "node:fs/promises";
import { basename } from "node:path";
import { companionDigest } from "./companion-digest.ts";
import { compareDigests, type ContentDigest, fits } from "./content-digest.ts";
import { copyFromFolder } from "./download/copy-from-folder.ts";
import { downloadFile } from "./download/download-file.ts";
import { defaultLimits, type DownloadLimits, type DownloadRequest } from "./download/download-request.ts";
import { cacheTree, checkIdentity, treePath, treeUrl } from "./identity.ts";
import { type Source, sourceName } from "./source.ts";
import { TransferProgress } from "./transfer-progress.ts";
import { VerifiedMemo } from "./verified-memo.ts";
import type { LocalFile } from "../contract/artifact.ts";
import type { Digest } from "../contract/digest.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { RunContext } from "../contract/host.ts";
import { withLock } from "../host/lock.ts";

/** One file of the tree, and how its content is known to be right. */
export interface Wanted {
  readonly identity: string;
  readonly digest:
    /** From our own catalogue, or from a digest that was verified itself. */
    | { readonly kind: "known"; readonly digest: Digest }
    /** From a `.sha256` or `SHA256SUMS` file that the publisher offers beside it; kept in the tree too. */
    | { readonly kind: "companion"; readonly identity: string }
    /** None is published (a companion file itself, the manifest of an image tag). */
    | { readonly kind: "none" };
  /** Value of the Accept header; registries need it. */
  readonly accept?: string;
}

export const known = (identity: string, digest: Digest): Wanted => ({
  identity,
  digest: { kind: "known", digest },
});

export interface StoreOptions {
  readonly limits?: Partial<DownloadLimits>;
  /** Hash every cached file again, even those that have not changed since they were hashed. */
  readonly rehash?: boolean;
}

const lockWaitMs = 15 * 60_000;

/** The cache in front of one source: provides verified files, fetching what is missing or damaged. One per command. */
export class ArtifactStore {
  readonly source: Source;
  /** Every identity handed out so far: what a mirror must hold to serve the same again. */
  readonly identities = new Set<string>();
  readonly #c: RunContext;
  readonly #root: string;
  readonly #limits: DownloadLimits;
  readonly #rehash: boolean;
  readonly #memo: VerifiedMemo;
  readonly #progress: TransferProgress;

  constructor(source: Source, c: RunContext, options: StoreOptions = {}) {
    this.source = source;
    this.#c = c;
    this.#root = cacheTree(c.host);
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#rehash = options.rehash ?? false;
    this.#memo = new VerifiedMemo(this.#root);
    this.#progress = new TransferProgress(c.report);
  }

  /**
   * A verified file of the cache; fetched from the source if it is missing. A cached file with a wrong digest is removed, noted in
   * the log, and fetched again. Two processes never fetch the same file at once. Rejects as `downloadFile` does, and with
   * ARTIFACT_DIGEST_MISSING, ARTIFACT_LOCK_TIMEOUT, ARTIFACT_PATH_INVALID.
   */
  async ensure(wanted: Wanted): Promise<LocalFile> {
    this.identities.add(wanted.identity);
    const { digest } = wanted;
    if (digest.kind === "none") return this.#ensureDigest(wanted, undefined);
    if (digest.kind === "known") return this.#ensureDigest(wanted, digest.digest);
    try {
      return await this.#ensureDigest(wanted, await this.#companion(wanted, digest.identity));
    } catch (error) {
      // The cached companion, not the file, may be what is damaged: ask the source once more before blaming it.
      if (!(error instanceof LocalkubeError) || error.id !== "ARTIFACT_DIGEST_MISMATCH") throw error;
      await this.forget(digest.identity);
      return this.#ensureDigest(wanted, await this.#companion(wanted, digest.identity));
    }
  }

  /** Whether `ensure` would need no transfer. Uses no network. */
  async has(wanted: Wanted): Promise<boolean> {
    const { digest } = wanted;
    if (digest.kind === "none") return (await this.#cached(wanted, undefined)) !== undefined;
    if (digest.kind === "known") return (await this.#cached(wanted, digest.digest)) !== undefined;
    const companion = treePath(this.#root, digest.identity);
    const text = await readFile(companion, "utf8").catch(() => "");
    const expected = companionDigest(text, basename(wanted.identity));
    return expected !== undefined && (await this.#cached(wanted, expected)) !== undefined;
  }

  /**
   * Asks the source for a file without a digest again, though the cache has it (a table of digests that its publisher changes); the
   * cached one is kept when that fails. Rejects as `downloadFile` does.
   */
  async renew(identity: string): Promise<LocalFile> {
    this.identities.add(identity);
    return this.#locked(identity, (signal) =>
      this.#fetch({ identity, digest: { kind: "none" } }, undefined, signal),
    );
  }

  /** Path of an identity in the cache, whether it exists or not. */
  path(identity: string): string {
    return treePath(this.#root, identity);
  }

  /** Removes a file whose content turned out to be unusable. */
  async forget(identity: string): Promise<void> {
    await rm(this.path(identity), { force: true });
  }

  /** Writes down which files were verified; call once at the end, also after a failure. */
  save(): Promise<void> {
    return this.#memo.save();
  }

  async #ensureDigest(wanted: Wanted, expected: Digest | undefined): Promise<LocalFile> {
    const cached = await this.#cached(wanted, expected);
    if (cached) return cached;
    return this.#locked(wanted.identity, async (signal) => {
      const meanwhile = await this.#cached(wanted, expected);
      if (meanwhile) return meanwhile;
      await this.#removeDamaged(wanted, expected);
      return this.#fetch(wanted, expected, signal);
    });
  }

  #locked<T>(identity: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const options = {
      signal: this.#c.signal,
      waitMs: lockWaitMs,
      onWait: () => this.#c.log(`${identity}: another localkube is fetching it; waiting`),
    };
    return withArtifactLock(this.path(identity), options, work);
  }

  /** The cached file if its content is as wanted. */
  async #cached(wanted: Wanted, expected: Digest | undefined): Promise<LocalFile | undefined> {
    const file = this.path(wanted.identity);
    const found = await this.#memo.digest(file, {
      expected,
      signal: this.#c.signal,
      rehash: this.#rehash,
    });
    return found && fits(expected, found) ? { file, sha256: found.sha256, size: found.size } : undefined;
  }

  async #removeDamaged(wanted: Wanted, expected: Digest | undefined): Promise<void> {
    const file = this.path(wanted.identity);
    const found = await this.#memo.digest(file, { expected, signal: this.#c.signal });
    if (!found || !expected) return;
    const { wanted: hex, got } = compareDigests(expected, found);
    this.#c.log(`${wanted.identity}: the cached file is damaged (${got}, wanted ${hex}); fetching it again`);
    await rm(file, { force: true });
  }

  async #companion(wanted: Wanted, identity: string): Promise<Digest> {
    const name = basename(wanted.identity);
    for (const attempt of ["cached", "fetched again"]) {
      const { file } = await this.ensure({ identity, digest: { kind: "none" } });
      const expected = companionDigest(await readFile(file, "utf8"), name);
      if (expected !== undefined) return expected;
      await this.forget(identity);
      this.#c.log(`${identity} (${attempt}) holds no digest of ${name}`);
    }
    throw new LocalkubeError("ARTIFACT_DIGEST_MISSING", {
      path: identity,
      source: sourceName(this.source, identity),
      name,
    });
  }

  async #fetch(
    { identity, accept }: Wanted,
    expected: Digest | undefined,
    signal: AbortSignal,
  ): Promise<LocalFile> {
    const file = this.path(identity);
    const request = {
      identity,
      accept,
      expected,
      file,
      limits: this.#limits,
      env: this.#c.host.env,
      signal,
      onProgress: (done: number, total: number | undefined) => this.#progress.update(identity, done, total),
      log: this.#c.log,
    };
    const { size, ...digest } = await fetchFromSource(this.source, request);
    this.#progress.finish(identity);
    await this.#memo.remember(file, digest);
    return { file, sha256: digest.sha256, size };
  }
}

/** Downloads or copies one identity from upstream, a mirror's address or a mirror's folder into `file`. Errors as `downloadFile`. */
function fetchFromSource(
  source: Source,
  request: Omit<DownloadRequest, "url" | "subject"> & { readonly identity: string },
): Promise<ContentDigest & { readonly size: number }> {
  const { identity } = request;
  const subject = {
    path: identity,
    source: sourceName(source, identity),
    mirror: source.kind !== "upstream",
  };
  if (source.kind === "folder") return copyFromFolder(source.folder, { ...request, subject });
  const url =
    source.kind === "url" ? treeUrl(source.base, identity) : new URL(`https://${checkIdentity(identity)}`);
  return downloadFile({ ...request, subject, url });
}

/**
 * Runs `work` as the only process that holds `<file>.lock`, whose holder may be gone for 10 s before it is taken over. Waits for others up to
 * `waitMs`, then rejects with ARTIFACT_LOCK_TIMEOUT. The signal given to `work` also ends when the lock is lost.
 */
export function withArtifactLock<T>(
  file: string,
  options: { readonly signal: AbortSignal; readonly waitMs: number; readonly onWait?: () => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, waitMs, onWait } = options;
  const lock = {
    signal,
    waitMs,
    pollMs: 200,
    onWait: (before: number) => (before === 0 ? onWait?.() : undefined),
    busy: () => new LocalkubeError("ARTIFACT_LOCK_TIMEOUT", { path: file, seconds: waitMs / 1000 }),
  };
  return withLock(`${file}.lock`, lock, work);
}
