import type { Digest } from "../../contract/digest.ts";
import type { DownloadLimits } from "./limits.ts";
import type { TransferSubject } from "./transfer-subject.ts";

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
