import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { ErrorDetails } from "./entry.ts";
import { LocalkubeError } from "./localkube-error.ts";

/** Failures of the system itself: whatever was being written, this is what the user has to fix. */
const exhausted: Readonly<Record<string, "NO_SPACE_LEFT" | "FILE_SYSTEM_READ_ONLY" | "TOO_MANY_OPEN_FILES">> =
  {
    ENOSPC: "NO_SPACE_LEFT",
    EDQUOT: "NO_SPACE_LEFT",
    EROFS: "FILE_SYSTEM_READ_ONLY",
    EMFILE: "TOO_MANY_OPEN_FILES",
    ENFILE: "TOO_MANY_OPEN_FILES",
  };

const refused = new Set(["EACCES", "EPERM"]);
const unusable = new Set([
  "ENOTDIR",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "EIO",
  "ESTALE",
  "EBUSY",
  "ETXTBSY",
  "EFBIG",
]);

/** Our errors that already report what the system reported, and the alternative. */
const alreadyTold =
  /_NO_SPACE$|^(OUTPUT_UNWRITABLE|NO_SPACE_LEFT|FILE_SYSTEM_READ_ONLY|TOO_MANY_OPEN_FILES)$/;

/**
 * What a failed system call means to a user: NO_SPACE_LEFT, FILE_SYSTEM_READ_ONLY or TOO_MANY_OPEN_FILES when such a call is the
 * cause of `error` at any depth; WORKING_FOLDER_GONE, FILE_NOT_PERMITTED or FILE_UNUSABLE when `error` itself has not
 * been turned into one of our errors. Undefined for everything else. `place` is the file being written, for calls that do not say
 * (a write to an open file names none).
 */
export function systemFailure(error: unknown, place?: string): LocalkubeError | undefined {
  if (error instanceof LocalkubeError && alreadyTold.test(error.id)) return undefined;
  const own = error instanceof LocalkubeError ? error : undefined;
  const details = { cause: error };
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    const id = exhausted[codeOf(at)];
    if (id === undefined) continue;
    const where = place ?? placeOf(at) ?? placeNamedBy(own) ?? "a file that localkube writes";
    return inSameStep(own, new LocalkubeError(id, { place: where }, details));
  }
  return own === undefined && error instanceof Error ? bareFailure(error, place, details) : undefined;
}

function bareFailure(
  error: NodeJS.ErrnoException,
  named: string | undefined,
  details: ErrorDetails,
): LocalkubeError | undefined {
  const { code = "", syscall } = error;
  if (code === "ENOENT" && (syscall === "uv_cwd" || error.message.includes("uv_cwd")))
    return new LocalkubeError("WORKING_FOLDER_GONE", {}, details);
  const place = named ?? placeOf(error);
  if (place === undefined) return undefined;
  if (refused.has(code))
    return new LocalkubeError("FILE_NOT_PERMITTED", { place, action: syscall ?? "use" }, details);
  if (unusable.has(code))
    return new LocalkubeError("FILE_UNUSABLE", { place, problem: error.message }, details);
  return undefined;
}

/** Node reports ENOENT for a folder that a recursive mkdir cannot create on a read-only file system. */
function codeOf(error: NodeJS.ErrnoException): string {
  const { code = "", syscall, path } = error;
  if (code !== "ENOENT" || syscall !== "mkdir" || path === undefined) return code;
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return code;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code ?? code;
  }
}

/** A failed rename fails because of its target. */
function placeOf(error: Error): string | undefined {
  const { path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  return dest ?? path;
}

function placeNamedBy(error: LocalkubeError | undefined): string | undefined {
  const place = error?.params["file"] ?? error?.params["folder"] ?? error?.params["path"];
  return place === undefined ? undefined : String(place);
}

function inSameStep(from: LocalkubeError | undefined, error: LocalkubeError): LocalkubeError {
  if (from?.step !== undefined) error.step = from.step;
  return error;
}

/** For writes that may be skipped: `delete` must work on a full disk, because it is what frees space. */
export function unlessDiskFull(error: unknown): undefined {
  if (systemFailure(error)?.id !== "NO_SPACE_LEFT") throw error;
}

/**
 * Runs `work`, which writes `place`; a full or read-only file system is then reported with that path, which the system's own error
 * for a write omits. Everything else is rethrown unchanged.
 */
export function writing<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw systemFailure(error, place) ?? error;
  }
}
