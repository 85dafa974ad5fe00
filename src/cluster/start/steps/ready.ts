import { firstNode } from "../../../contract/node.ts";
import { kubeletStartedAt } from "../../../provision/cluster/kubelet-started-at.ts";
import type { WaitTarget } from "../../../contract/cluster-spec.ts";
import { formatDigest } from "../../../contract/digest.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Waiting } from "../../../kube/wait-until.ts";
import { whileUnitsRun } from "../../../provision/units/while-units-run.ts";
import type { Step } from "../../../contract/step.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import { waitForDns } from "../../../provision/cluster/wait-for-dns.ts";
import {
  waitForDeployment,
  waitForNode,
  waitForServiceAccount,
} from "../../../provision/cluster/wait-for-objects.ts";
import { sandboxFailure } from "../../../provision/cluster/sandbox-failure.ts";
import { blockToAssign, settleNode } from "../../../provision/cluster/settle-node.ts";
import { socketPath } from "../../../runtimes/cri/client.ts";
import type { ClusterRecord } from "../../../state/cluster-record.ts";
import { clusterDomain } from "../node-input.ts";
import {
  type ClusterBase,
  type ClusterState,
  need,
  type NodeState,
  updateRecord,
  waiting,
} from "../state.ts";

export const ready: Step<ClusterState, ClusterBase> = {
  id: "ready",
  title: "Waiting for the cluster to be usable",
  timeoutMs: 3_600_000,
  plan: (s) => (s.record.spec.wait.length ? [`wait for ${s.record.spec.wait.join(", ")}`] : []),
  async apply(s, c) {
    await recordImages(s);
    const { waitTimeoutSeconds } = s.record.spec;
    const wait = reachable(s);
    const deadline = AbortSignal.timeout(waitTimeoutSeconds * 1000);
    const missing = new Set(wait);
    const settled = settleNodes(s, c);
    const all = waiting(firstNode(s), AbortSignal.any([c.signal, deadline]));
    const waits = (signal: AbortSignal) =>
      Promise.all(
        wait.map((target) => waitFor[target](s, { ...all, signal }).then(() => missing.delete(target))),
      );
    await whileUnitsRun(need(firstNode(s), "transport"), unitNames(firstNode(s)), all, waits).catch(
      async (error: unknown) => {
        if (!deadline.aborted || c.signal.aborted) throw error;
        await refuseFailingSandboxes(s, c);
        const what = [...missing].join(", ");
        throw new LocalkubeError("WAIT_TIMEOUT", {
          what,
          seconds: waitTimeoutSeconds,
          name: s.record.spec.name,
        });
      },
    );
    await settled;
    if (s.record.phase !== "running" || s.record.formerRuntimes)
      await updateRecord(s, (record) => withoutFormerRuntimes({ ...record, phase: "running" }));
    return "unchanged";
  },
};

/** A foreign server has its own sandbox image, folders and handlers: what is wrong with them, it alone can say. */
async function refuseFailingSandboxes(s: ClusterState, c: RunContext): Promise<void> {
  const { runtime } = s;
  if (!runtime.foreign) return;
  const problem = await sandboxFailure(need(s, "api"), c.signal).catch((error: unknown) => {
    c.signal.throwIfAborted();
    c.log(`events: ${String(error)}`);
    return undefined;
  });
  if (problem !== undefined)
    throw new LocalkubeError("CRI_SANDBOX_FAILED", { path: socketPath(runtime.endpoint), problem });
}

/** They are in the nodes by now. The steps before this one change the record too; here none of them does any more. */
async function recordImages(s: ClusterState): Promise<void> {
  const ids = firstNode(s).imageIds;
  const images = Object.values(need(s, "artifacts").images).map(({ ref, registry }) => {
    const id = ids?.get(ref);
    return { ref, ...(registry && id && { registry: { digest: formatDigest(registry.digest), id } }) };
  });
  if (JSON.stringify(images) !== JSON.stringify(s.record.images))
    await updateRecord(s, (record) => ({ ...record, images }));
}

function withoutFormerRuntimes(record: ClusterRecord): ClusterRecord {
  const changed = { ...record };
  delete changed.formerRuntimes;
  return changed;
}

/** The node's systemd units, without `.service`. */
function unitNames(s: NodeState): readonly string[] {
  const { controlPlane, runtime, kubelet, controllers } = need(s, "files");
  const units = [controlPlane, runtime, kubelet, controllers].flatMap((part) => part?.units ?? []);
  return units.map(({ name }) => name.replace(/\.service$/, ""));
}

const registrationMs = 30_000;

/** Never rejects: a node that is not registered in time is handled by the next start; another step waits for it to become Ready. */
async function settleNodes(s: ClusterState, c: RunContext): Promise<void> {
  const signal = AbortSignal.any([c.signal, AbortSignal.timeout(registrationMs)]);
  const settled = s.nodes.map((node, index) => {
    const { name, role } = node;
    const block = blockToAssign(s.record.spec, index);
    return settleNode(need(s, "api"), { name, role, block }, waiting(node, signal)).catch((error: unknown) =>
      c.log(`the node ${name} has no role label or block of the pod CIDR yet: ${String(error)}`),
    );
  });
  await Promise.all(settled);
}

/** Without a pod network neither the node nor cluster DNS becomes ready until the user installs one. */
function reachable(s: ClusterState): readonly WaitTarget[] {
  const { wait } = s.record.spec;
  if (need(firstNode(s), "network").kind !== "none") return wait;
  const now = wait.filter((target) => target === "apiserver");
  if (now.length < wait.length)
    s.notice(
      "--cni none: the node becomes Ready and cluster DNS answers once you install a pod network; not waiting for them",
      "info",
    );
  return now;
}

/** The API's own name. */
const apiName = `kubernetes.default.svc.${clusterDomain}`;

const waitFor: Readonly<Record<WaitTarget, (s: ClusterState, whose: Waiting) => Promise<void>>> = {
  // The step api-ready has already waited.
  apiserver: () => Promise.resolve(),
  node: async (s, whose) => {
    const api = need(s, "api");
    const nodes = s.nodes.map(async (node) => {
      const since = await kubeletStartedAt(need(node, "transport"), whose);
      await waitForNode(api, node.name, since, whose);
    });
    await Promise.all(nodes);
  },
  "system-pods": async (s, whose) => {
    const api = need(s, "api");
    await waitForDeployment(api, "kube-system", "coredns", whose);
    // The default namespace is usable only with this: pods are refused until it has its service account.
    await waitForServiceAccount(api, "default", whose);
  },
  dns: (s, whose) =>
    waitForDns(need(firstNode(s), "transport"), s.record.addresses.clusterDns, apiName, whose),
};
