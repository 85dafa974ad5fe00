/** Status codes of SFTP version 3. Those above 8 are of later versions or of none: a client takes them for an input/output error. */
export const status = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
  invalidHandle: 9,
  noSpace: 14,
  ioError: 64,
} as const;

/** What a call is refused with, without having been tried. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** As OpenSSH's server maps them, except that what sshfs can tell apart stays apart. */
const codes: Readonly<Record<string, number>> = {
  ENOENT: status.noSuchFile,
  ENOTDIR: status.noSuchFile,
  EACCES: status.permissionDenied,
  EROFS: status.permissionDenied,
  // A link where none may be followed.
  ELOOP: status.permissionDenied,
  // sshfs says "operation not permitted", or after a look, that the target exists or a folder is not empty.
  EPERM: status.failure,
  EEXIST: status.failure,
  ENOTEMPTY: status.failure,
  EISDIR: status.failure,
  EXDEV: status.failure,
  ENAMETOOLONG: status.badMessage,
  EINVAL: status.badMessage,
  ENOSYS: status.unsupported,
  EOPNOTSUPP: status.unsupported,
  ENOTSUP: status.unsupported,
  ENOSPC: status.noSpace,
  EDQUOT: status.noSpace,
};

/** The code and the text that tell a client what a call failed with. */
export function statusOf(error: unknown): { readonly code: number; readonly text: string } {
  if (error instanceof Refusal) return { code: error.code, text: error.message };
  if (error instanceof RangeError) return { code: status.badMessage, text: error.message };
  const code = (error as NodeJS.ErrnoException).code ?? "";
  // The message would name paths of this host.
  return { code: codes[code] ?? status.ioError, text: code || "error" };
}
