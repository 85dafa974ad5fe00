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
