import type { Digest } from "../../contract/digest.ts";

export interface DownloadRequest {
  readonly url: URL;
  /** Appears by rename, only with the wanted content. The caller holds the file's lock. */
  readonly file: string;
  /** Without it, whatever the source sends is accepted. */
  readonly expected?: Digest | undefined;
  readonly accept?: string | undefined;
  readonly subject: TransferSubject;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limits: DownloadLimits;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number | undefined) => void;
  readonly log: (line: string) => void;
}

/** How patient a download is. Times in milliseconds. */
export interface DownloadLimits {
  /** Failed attempts in a row, none of which received a byte, before the download is given up. */
  readonly attempts: number;
  /** Wait after the first failure; doubles with each further one. */
  readonly backoffMs: number;
  /** An attempt ends after receiving no byte for this long. */
  readonly stallMs: number;
  /** Longest wait that a server may ask for by Retry-After. */
  readonly retryAfterMs: number;
}

export const defaultLimits: DownloadLimits = {
  attempts: 4,
  backoffMs: 500,
  stallMs: 30_000,
  retryAfterMs: 30_000,
};

/** What messages say about a transfer. */
export interface TransferSubject {
  /** Identity of the artifact. */
  readonly path: string;
  /** Host of upstream, or the mirror's folder or address (without credentials). */
  readonly source: string;
  readonly mirror: boolean;
}
