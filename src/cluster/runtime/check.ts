import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { probeImage, probePath, serveImage } from "../../artifacts/image/probe-image.ts";
import { probeExitCode, probeLine } from "../../artifacts/image/probe-program.ts";
import { minorOf } from "../../artifacts/catalogue/kubernetes-version.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Transport } from "../../contract/transport.ts";
import { runJobs } from "../../pipeline/run-jobs.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import type { CheckedCall, CheckImage } from "../../runtimes/cri/check/calls.ts";
import { checkCri } from "../../runtimes/cri/check/check.ts";
import { checkRepository, removeRemains } from "../../runtimes/cri/check/remains.ts";
import type { Cri } from "../../runtimes/cri/client.ts";
import { withCri } from "../../runtimes/cri/images.ts";
import { cgroupDriverOf } from "../../runtimes/foreign/ask.ts";
import { runtimes } from "../../runtimes/registry.ts";
import { type CriApi, criApis, kubeletApis } from "../../runtimes/cri/messages.ts";
import { withProfileLock } from "../../state/lock.ts";
import {
  apiClient,
  type NodeChoice,
  nodeOf,
  openCluster,
  runtimeOf,
  withTransport,
} from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { refuseIfPaused } from "../life/pause.ts";
import { makeCheckPod, problemOf, removeCheckPod } from "./check-pod.ts";

export type { CheckedCall } from "../../runtimes/cri/check/calls.ts";

/** What the node's CRI server answered. */
export interface RuntimeCheck {
  readonly name: string;
  readonly node: string;
  readonly kubernetesVersion: string;
  readonly runtime: { readonly name: string; readonly version: string };
  /** The one that was used: the kubelet's, if the server speaks it. */
  readonly api: CriApi;
  readonly calls: readonly CheckedCall[];
}

const checkMs = 600_000;
const cleanUpMs = 60_000;

/**
 * Makes each call of CRI that is safe on a living node, in a sandbox of its own, and removes all it made, also after a failure or an interruption; what
 * a killed check left is removed first. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN, CLUSTER_NOT_RUNNING, CLUSTER_BEING_DELETED, CLUSTER_PAUSED, or as
 * `withCri` does; not because a call failed: see `failedCalls`.
 */
export async function checkRuntime(
  { name, node: wanted }: NodeChoice,
  context: UseCaseContext,
): Promise<RuntimeCheck> {
  const command = "localkube runtime check";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const node = nodeOf(cluster, wanted);
    await refuseIfPaused(cluster, inner);
    const { kubernetesVersion } = cluster.record;
    let found: RuntimeCheck | undefined;
    const apply = (c: RunContext): Promise<void> =>
      withTransport(node, { ...inner, signal: c.signal }, async (transport, machine) => {
        const api = await apiClient(cluster, machine);
        const minor = minorOf(kubernetesVersion);
        const apis = [...new Set([...kubeletApis(minor), ...criApis])];
        const options = { signal: c.signal, apis };
        await withCri(transport, runtimeOf(cluster.record), options, async (cri) => {
          const { foreign } = runtimeOf(cluster.record);
          // What the kubelet was told.
          const cgroupDriver = foreign
            ? await cgroupDriverOf(cri, transport, { known: runtimes, signal: c.signal })
            : "systemd";
          const calls = await check({ transport, api, cri, minor, node: node.name, cgroupDriver }, c);
          found = { name, node: node.name, kubernetesVersion, runtime: cri.runtime, api: cri.api, calls };
        }).finally(() => api.close());
      });
    const title = "Checking the container runtime";
    const job = { id: "runtime-check", title, after: [], timeoutMs: checkMs, apply };
    await runJobs([job], { ...inner, command: "runtime check", profile: name });
    if (!found) throw new Error("the check ended without a result");
    return found;
  });
}

/** Calls that the kubelet needs and that are not shown to work. Pure. */
export const failedCalls = ({ calls }: Pick<RuntimeCheck, "calls">): readonly CheckedCall[] =>
  calls.filter(({ needed, result }) => needed && result !== "ok");

interface Place {
  readonly transport: Transport;
  readonly api: ApiClient;
  readonly cri: Cri;
  readonly minor: number;
  readonly node: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
}

async function check(place: Place, c: RunContext): Promise<readonly CheckedCall[]> {
  const { transport, api, cri, minor, node, cgroupDriver } = place;
  const { signal } = c;
  c.report({ message: "removing what an earlier check left" });
  await removeRemains(cri, transport, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    // What is wrong with the server is found out call by call.
    c.log(problemOf(error));
  });
  let registry: Registry | undefined;
  let hasApi = true;
  try {
    c.report({ message: "making a pod for the sandbox" });
    const podUid = await makeCheckPod(api, node, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      // A runtime can be checked without an API server; but if the kubelet runs, it interferes.
      c.notice?.(
        `The kubelet may end the check's sandbox, because there is no pod for it: ${problemOf(error)}`,
      );
      hasApi = !(error instanceof LocalkubeError && error.id === "API_UNREACHABLE");
      return randomUUID();
    });
    registry = await serveCheckImage(transport, signal);
    const { image } = registry;
    const report = (call: string): void => c.report({ message: call });
    return await checkCri({ cri, transport, minor, cgroupDriver, podUid, image, signal, report });
  } finally {
    c.report({ message: "removing what was made" });
    // Not the command's signal: Ctrl-C asks for this, too.
    const limit = AbortSignal.timeout(cleanUpMs);
    await tidy(c, () => registry?.close());
    await tidy(c, () => removeRemains(cri, transport, limit));
    if (hasApi) await tidy(c, () => removeCheckPod(api, limit));
  }
}

/** Whatever goes wrong, the rest is removed, and the check's own failure is the one that is told. */
async function tidy(c: RunContext, work: () => Promise<void> | undefined): Promise<void> {
  await Promise.resolve(work()).catch((error: unknown) => {
    const next = "the next 'localkube runtime check' removes it";
    c.notice?.(`Something that the check made could not be removed (${next}): ${problemOf(error)}`);
  });
}

interface Registry {
  readonly image: CheckImage;
  close(): Promise<void>;
}

/**
 * Serves the image of the check as a registry in this process, which the node reaches at a port of its own loopback: runtimes talk plain HTTP with a
 * registry there. Nothing has to be on a network or in the node, and no port of this computer is opened.
 */
async function serveCheckImage(transport: Transport, signal: AbortSignal): Promise<Registry> {
  const server = createServer(serveImage(await probeImage()));
  const program = { path: probePath, prints: probeLine, exitCode: probeExitCode };
  const imageAt = (port: number): CheckImage => ({
    ref: `127.0.0.1:${port}/${checkRepository}:${randomUUID()}`,
    program,
  });
  try {
    const listener = await transport.listen((stream) => void server.emit("connection", stream), { signal });
    return { image: imageAt(listener.port), close: () => listener.close() };
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "SSH_LISTEN_REFUSED") throw error;
    // Port 1: nobody serves there, and nothing is asked.
    const problem = `not possible here: ${messageOf(error)}`;
    return { image: { ...imageAt(1), problem }, close: () => Promise.resolve() };
  }
}
