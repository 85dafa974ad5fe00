import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { buildMirror, pullMirror, type MirrorResult } from "../../artifacts/mirror.ts";
import { type ArtifactPlan, type ArtifactRequest, planArtifacts } from "../../artifacts/plan-artifacts.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { type MirrorReport, verifyMirror } from "../../artifacts/verify-mirror.ts";
import { defaultRuntimeName } from "../../runtimes/registry.ts";
import { runJobs } from "../../pipeline/run-jobs.ts";
import { knownAddons } from "../addons/known-addons.ts";
import { defaultsBeside } from "../addons/choose.ts";
import { addonWishes } from "../addons/wishes.ts";
import { artifactWishes, programReleases } from "../start/wishes.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";

export interface PulledMirror extends MirrorResult, Pick<ArtifactPlan, "source" | "kubernetesVersion"> {}

export interface PullRequest extends ArtifactRequest {
  /** Those whose images the mirror gets, too, with all that they need. */
  readonly addons: readonly string[];
  /** Also those that a new cluster has. */
  readonly withDefaults: boolean;
}

/**
 * Adds everything one Kubernetes version needs to a mirror folder, in addition to what it contains already. Downloads only what is not
 * in the cache; may be repeated. Rejects as `planArtifacts`, `addonWishes` and `pullMirror` do, and with MIRROR_FOLDER_UNUSABLE.
 */
export async function pull(
  path: string,
  { addons, withDefaults, ...request }: PullRequest,
  context: UseCaseContext,
): Promise<PulledMirror> {
  // For the default runtime: mirrors are made before there is a cluster.
  const wishesOf = (version: string) => artifactWishes(version, defaultRuntimeName);
  const plan = await planArtifacts(request, wishesOf, context.host, { signal: context.signal });
  const { source, kubernetesVersion } = plan;
  // Everything that can be refused is, before the folder is made.
  const target = { kubernetesVersion, artifactsSource: source };
  const known = await knownAddons();
  const defaults = withDefaults ? defaultsBeside(addons, known, target) : [];
  const more = addonWishes([...addons, ...defaults], known, target);
  const folder = await mirrorFolder(path);
  notice(context, `artifacts ${source}: ${plan.reason}`);
  const step = { command: "mirror pull", title: `Mirroring Kubernetes ${kubernetesVersion}` };
  const result = await mirrorStep(step, context, (c) => pullMirror(plan, folder, c, more));
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
  const report = await mirrorStep(step, context, (c) => verifyMirror(path, programReleases(), c));
  // An empty folder has no errors, but is most likely a mistyped path, which must not pass for a good mirror.
  if (report.files === 0 && report.bad.length === 0)
    throw new LocalkubeError("MIRROR_INVALID", { mirror: path, problem: "there are no artifacts in it" });
  return { folder, ...report };
}

/** Absolute path of a folder that can become a mirror, created if missing. Rejects with MIRROR_FOLDER_UNUSABLE. */
async function mirrorFolder(path: string): Promise<string> {
  const folder = resolve(path);
  try {
    const status = await stat(folder).catch(() => undefined);
    if (status && !status.isDirectory()) throw new Error("it is not a folder");
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch (cause) {
    const problem = (cause as Error).message;
    throw new LocalkubeError("MIRROR_FOLDER_UNUSABLE", { folder, problem }, { cause });
  }
}

/** A build from source takes minutes, many on a small machine; so does a large download over a slow connection. */
const timeoutMs = 5_400_000;

/** Runs work on a mirror as a pipeline with one step, so that every view shows its progress. */
async function mirrorStep<T>(
  { command, title }: { readonly command: string; readonly title: string },
  context: UseCaseContext,
  work: (c: RunContext) => Promise<T>,
): Promise<T> {
  let result: { readonly value: T } | undefined;
  const job = {
    id: command.replaceAll(" ", "-"),
    title,
    after: [],
    timeoutMs,
    apply: async (c: RunContext): Promise<void> => {
      result = { value: await work(c) };
    },
  };
  await runJobs([job], { ...context, command, profile: "" });
  if (!result) throw new Error(`${command} ended without a result`);
  return result.value;
}
