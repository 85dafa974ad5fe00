import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { companionDigest } from "../companion-digest.ts";
import { fits, hashFile } from "../content-digest.ts";
import { parseImageAddress, withoutSecrets } from "./image-address.ts";
import { downloadFile } from "../download/download-file.ts";
import { defaultLimits, type DownloadLimits } from "../download/download-request.ts";
import { imageFolder } from "../identity.ts";
import { TransferProgress } from "../transfer-progress.ts";
import type { RemoteDisk } from "../../contract/artifact.ts";
import { type Digest, formatDigest } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";

const tables = ["SHA512SUMS", "SHA256SUMS"];

/**
 * A disk image at a URL given by the user, downloaded from there and never from a mirror. Its digest is behind the # or in a table beside it; without
 * either nothing is downloaded. The file is kept until it has been used. Throws IMAGE_ADDRESS_INVALID.
 */
export function diskAtAddress(
  address: string,
  options: { readonly limits?: DownloadLimits } = {},
): RemoteDisk {
  const { url, digest: given } = parseImageAddress(address);
  const title = withoutSecrets(url);
  const fix = `Take the digest from the image's publisher: --image ${title}#sha256=HEX`;
  const fetch = (from: URL, file: string, wanted: Digest | undefined, c: RunContext) => {
    const progress = new TransferProgress(c.report);
    const path = withoutSecrets(from);
    return downloadFile({
      url: from,
      file,
      expected: wanted,
      subject: { path, source: from.host, mirror: false },
      env: c.host.env,
      limits: options.limits ?? defaultLimits,
      signal: c.signal,
      onProgress: (done, total) => progress.update(path, done, total),
      log: c.log,
    });
  };
  return {
    title,
    ...(given ? { digest: given } : {}),
    async currentDigest(c) {
      if (given) return given;
      const name = decodeURIComponent(basename(url.pathname));
      for (const table of tables) {
        const text = await smallFile(new URL(table, title), c, fetch).catch((error: unknown) => {
          // Storage services refuse requests for what does not exist.
          if (isAbsent(error)) return "";
          throw imageProblem(error, title, fix);
        });
        const digest = companionDigest(text, name);
        if (digest) return digest;
      }
      throw new LocalkubeError("IMAGE_DIGEST_MISSING", { address: title, tables: tables.join(" nor ") });
    },
    async withFile(digest, c, use) {
      const folder = imageFolder(c.host);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `download-${keyOf(formatDigest(digest))}`);
      if (!(await isThere(file, digest, c.signal)))
        await fetch(url, file, digest, c).catch((error: unknown) => {
          throw imageProblem(error, title, fix);
        });
      await use(file);
      await rm(file, { force: true });
    },
  };
}

const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

async function smallFile(
  url: URL,
  c: RunContext,
  fetch: (from: URL, file: string, wanted: undefined, c: RunContext) => Promise<unknown>,
): Promise<string> {
  const folder = imageFolder(c.host);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `sums-${keyOf(url.href)}.${process.pid}`);
  try {
    await fetch(url, file, undefined, c);
    return await readFile(file, "utf8");
  } finally {
    // Including what an interrupted transfer left behind.
    for (const name of [file, `${file}.part`, `${file}.part.json`]) await rm(name, { force: true });
  }
}

async function isThere(file: string, wanted: Digest, signal: AbortSignal): Promise<boolean> {
  return hashFile(file, { expected: wanted, signal }).then(
    (found) => fits(wanted, found),
    () => false,
  );
}

const isAbsent = (error: unknown): boolean =>
  error instanceof LocalkubeError && ["ARTIFACT_NOT_FOUND", "ARTIFACT_REFUSED"].includes(error.id);

const unavailable = [
  "ARTIFACT_NOT_FOUND",
  "ARTIFACT_SOURCE_UNREACHABLE",
  "ARTIFACT_REFUSED",
  "MIRROR_UNREACHABLE",
];

/** What a failed transfer means to a user who wanted a disk image: the advice of Kubernetes' artifacts does not help there. */
export function imageProblem(error: unknown, address: string, fixDigest: string): unknown {
  if (!(error instanceof LocalkubeError)) return error;
  if (unavailable.includes(error.id))
    return new LocalkubeError("IMAGE_DOWNLOAD_FAILED", { address, problem: error.message }, { cause: error });
  if (error.id !== "ARTIFACT_DIGEST_MISMATCH") return error;
  const { wanted = "", got = "" } = error.params;
  return new LocalkubeError("IMAGE_DIGEST_WRONG", { address, wanted, got, fix: fixDigest }, { cause: error });
}
