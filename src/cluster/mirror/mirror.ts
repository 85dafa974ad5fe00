import { resolve } from "node:path";
import { buildMirror, pullMirror, type MirrorResult } from "../../artifacts/mirror.ts";
import { type ArtifactPlan, type ArtifactRequest, planArtifacts } from "../../artifacts/plan-artifacts.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { type MirrorReport, verifyMirror } from "../../artifacts/verify-mirror.ts";
import { mirrorFolder } from "./folder.ts";
import { mirrorStep } from "./step.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";

export interface PulledMirror extends MirrorResult, Pick<ArtifactPlan, "source" | "kubernetesVersion"> {}

/**
 * Adds everything one Kubernetes version needs to a mirror folder, in addition to what it contains already. Downloads only what is not
 * in the cache; may be repeated. Rejects as `planArtifacts` and `pullMirror` do, and with MIRROR_FOLDER_UNUSABLE.
 */
export async function pull(
  path: string,
  request: ArtifactRequest,
  context: UseCaseContext,
): Promise<PulledMirror> {
  const plan = await planArtifacts(request, context.host, { signal: context.signal });
  const { source, kubernetesVersion } = plan;
  const folder = await mirrorFolder(path);
  notice(context, `artifacts ${source}: ${plan.reason}`);
  const step = { command: "mirror pull", title: `Mirroring Kubernetes ${kubernetesVersion}` };
  const result = await mirrorStep(step, context, (c) => pullMirror(plan, folder, c));
  return { ...result, source, kubernetesVersion };
}

/** Builds the Debian artifacts, unless they are in the cache, and adds them to a mirror folder. */
export async function build(path: string, from: "debian", context: UseCaseContext): Promise<MirrorResult> {
  const folder = await mirrorFolder(path);
  const step = { command: "mirror build", title: "Building Kubernetes from Debian's source" };
  return mirrorStep(step, context, (c) => buildMirror({ from }, folder, c));
}

/** Verifies the checksums of all files in a mirror; see `verifyMirror`. Read-only. Rejects with MIRROR_INVALID. */
export async function verify(
  path: string,
  context: UseCaseContext,
): Promise<MirrorReport & { readonly folder: string }> {
  const folder = resolve(path);
  const step = { command: "mirror verify", title: "Checking the mirror" };
  const report = await mirrorStep(step, context, (c) => verifyMirror(path, c));
  // An empty folder has no errors, but is most likely a mistyped path, which must not pass for a good mirror.
  if (report.files === 0 && report.bad.length === 0)
    throw new LocalkubeError("MIRROR_INVALID", { mirror: path, problem: "there are no artifacts in it" });
  return { folder, ...report };
}
