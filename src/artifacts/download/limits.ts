/** How patient a download is. Times in milliseconds. */
export interface DownloadLimits {
  /** Failed attempts in a row, none of which brought a byte, until the download is given up. */
  readonly attempts: number;
  /** Wait after the first failure; doubles with each further one. */
  readonly backoffMs: number;
  /** No byte for so long ends an attempt. */
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
