import type { Wishes } from "../contract/artifact.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import { normaliseVersion } from "./catalogue/kubernetes-version.ts";
import { wishesOfBuild } from "./debian/artifact-files.ts";
import { debianImagesComplete } from "./debian-image/images.ts";
import { debianComplete, debianVersion } from "./debian-source.ts";
import { openSource, type ProbeOptions, probeSource, type Source, sourceName } from "./source.ts";
import { wantedProgram } from "./program-release.ts";
import { stableVersion } from "./stable-version.ts";
import { upstreamComplete } from "./upstream-set.ts";

/** The part of a ClusterSpec that decides about artifacts. */
export interface ArtifactRequest {
  /** Empty = the newest stable one that the source offers. */
  readonly kubernetesVersion: string;
  readonly artifacts: "auto" | "upstream" | "debian";
  /** Folder or http(s) URL; empty = none. */
  readonly mirror: string;
}

/** What `fetchArtifacts` would do. Plain data. */
export interface ArtifactPlan {
  readonly source: "upstream" | "debian";
  /** `v1.36.5` */
  readonly kubernetesVersion: string;
  readonly arch: "amd64" | "arm64";
  readonly mirror: string;
  readonly wishes: Wishes;
  /** Half a sentence for the user: why this source. */
  readonly reason: string;
  /** Everything is in the cache: no network and no build needed. */
  readonly complete: boolean;
}

export interface PlanOptions {
  readonly signal?: AbortSignal;
  /** How long `auto` waits for the source's answer. Default 2000. */
  readonly probeTimeoutMs?: number;
}

/**
 * Chooses source and version; downloads nothing. `wishesOf` gives what a cluster of a version wants. `auto` takes upstream when everything is cached or the source answers in time,
 * else Debian. Rejects with KUBERNETES_VERSION_UNKNOWN, KUBERNETES_VERSION_NOT_OFFERED, MIRROR_INVALID, MIRROR_UNREACHABLE.
 */
export async function planArtifacts(
  request: ArtifactRequest,
  wishesOf: (kubernetesVersion: string) => Wishes,
  host: HostContext,
  options: PlanOptions = {},
): Promise<ArtifactPlan> {
  const signal = options.signal ?? new AbortController().signal;
  const source = await openSource(request.mirror);
  const probe = { env: host.env, signal, timeoutMs: options.probeTimeoutMs ?? 2000 };
  const debian = (reason: string) => debianPlan(request, wishesOf, host, signal, reason);
  if (request.artifacts === "debian") return debian("as asked for");
  const version = request.kubernetesVersion
    ? normaliseVersion(request.kubernetesVersion)
    : await stableVersion(source, probe);
  const { arch } = host;
  const wishes = wishesOf(version);
  const complete = await upstreamComplete(wishes, arch, { host, signal });
  const upstream = (reason: string): ArtifactPlan => ({
    source: "upstream",
    kubernetesVersion: version,
    arch,
    mirror: request.mirror,
    wishes,
    reason,
    complete,
  });
  if (request.artifacts === "upstream") return upstream("as asked for");
  if (complete) return upstream(`everything for ${version} is in the cache`);
  const { usable, reason } = await tryUpstream(source, version, wishes, arch, probe);
  return usable ? upstream(reason) : debian(reason);
}

async function tryUpstream(
  source: Source,
  version: string,
  { programs: [first] }: Wishes,
  arch: "amd64" | "arm64",
  options: ProbeOptions,
): Promise<{ readonly usable: boolean; readonly reason: string }> {
  if (!first) throw new TypeError(`Kubernetes ${version} without any program`);
  const { identity } = wantedProgram(first, first.version, arch);
  const name = sourceName(source, identity);
  const answer = await probeSource(source, identity, options);
  if (source.kind === "upstream") {
    // "missing" is an answer too: the download will report that this version does not exist.
    if (answer.state !== "unreachable") return { usable: true, reason: `${name} answers` };
    return { usable: false, reason: `${name} is not reachable: ${answer.problem}` };
  }
  if (answer.state === "unreachable")
    throw new LocalkubeError("MIRROR_UNREACHABLE", { path: identity, source: name, problem: answer.problem });
  if (answer.state === "there") return { usable: true, reason: `the mirror ${name} has ${version}` };
  return { usable: false, reason: `the mirror ${name} does not have ${version}` };
}

async function debianPlan(
  request: ArtifactRequest,
  wishesOf: (kubernetesVersion: string) => Wishes,
  host: HostContext,
  signal: AbortSignal,
  reason: string,
): Promise<ArtifactPlan> {
  const { kubernetesVersion: asked, mirror } = request;
  if (asked && normaliseVersion(asked) !== debianVersion && asked.replace(/^v/, "") !== "1.20")
    throw new LocalkubeError("KUBERNETES_VERSION_NOT_OFFERED", {
      version: normaliseVersion(asked),
      source: "debian",
      offered: debianVersion,
      reason,
    });
  const { arch } = host;
  const wishes = wishesOf(debianVersion);
  const complete =
    (!wishesOfBuild(wishes) || (await debianComplete(arch, { host, signal }))) &&
    (await debianImagesComplete(wishes.images, arch, { host, signal }));
  return { source: "debian", kubernetesVersion: debianVersion, arch, mirror, wishes, reason, complete };
}
