import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

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
