import { kubeletStartedAt } from "../../../provision/cluster/kubelet-started-at.ts";
import type { WaitTarget } from "../../../contract/cluster-spec.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { clusterDnsObjects } from "../../../provision/cluster/cluster-dns.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import { isEmulated } from "../../../provision/guest/guest-facts.ts";
import type { Waiting } from "../../../provision/kube/wait-until.ts";
import { whileUnitsRun } from "../../../provision/units/while-units-run.ts";
import { waitForDns } from "../../../provision/cluster/wait-for-dns.ts";
import { waitForApi } from "../../../provision/cluster/wait-for-api.ts";
import {
  waitForDeployment,
  waitForNode,
  waitForServiceAccount,
} from "../../../provision/cluster/wait-for-objects.ts";
import { ApiClient } from "../../../provision/kube/api-client.ts";
import { applyObjects } from "../../../provision/kube/apply-objects.ts";
import { kubeconfigFile } from "../../../provision/kubeconfig/kubeconfig-file.ts";
import { mergeKubeconfig } from "../../../provision/kubeconfig/merge-kubeconfig.ts";
import { assignNodeBlock, blockToAssign } from "../../../provision/network/assign-node-block.ts";
import { removeDiscoveryCache } from "../../../provision/kubeconfig/remove-discovery-cache.ts";
import { removeKubeconfig } from "../../../provision/kubeconfig/remove-kubeconfig.ts";
import { apiServerUrl } from "../../access/api-server-url.ts";
import { kubeconfigChange, kubeconfigInput, mergedKubeconfigs } from "../../access/kubeconfig-input.ts";
import { clusterDomain } from "../node-input.ts";
import { type ClusterBase, set, type StartState, updateRecord } from "../state.ts";

export const apiReady: Step<StartState> = {
  id: "api-ready",
  title: "Waiting for the API server",
  needs: ["api-tunnel", "control-plane"],
  timeoutMs: 900_000,
  async apply(s, c) {
    const { authorities, leaves } = set(s, "certificates");
    const admin = leaves["admin"]!;
    const access = {
      server: apiServerUrl(set(s, "machine")),
      ca: authorities.ca.certificate,
      certificate: admin.certificate,
      key: admin.key,
    };
    s.api = new ApiClient(access);
    await waitForApi(s.api, set(s, "transport"), waiting(s, c.signal));
    return "unchanged";
  },
};

export const clusterDns: Step<StartState> = {
  id: "cluster-dns",
  title: "Applying cluster DNS",
  needs: ["api-ready"],
  timeoutMs: 300_000,
  plan: ({ record: { spec } }) => [
    ...(["bridge", "none"].includes(spec.cni) ? [] : [`bring the pod network of ${spec.cni}`]),
    "apply cluster DNS (Deployment coredns, Service kube-dns)",
  ],
  async apply(s, c) {
    const api = set(s, "api");
    const network = set(s, "network");
    // Before DNS, whose pod waits for it.
    const pods = network.kind === "manifest" && (await applyObjects(api, network.objects, c.signal));
    const objects = clusterDnsObjects({
      source: s.plan.source,
      image: set(s, "artifacts").images["cluster-dns"].ref,
      address: s.record.addresses.clusterDns,
      domain: clusterDomain,
    });
    const dns = await applyObjects(api, objects, c.signal);
    return pods || dns ? undefined : "unchanged";
  },
};

export const kubeconfig: Step<StartState, ClusterBase> = {
  id: "kubeconfig",
  title: "Writing kubeconfig",
  needs: ["certificates", "api-ready"],
  timeoutMs: 30_000,
  plan: (s) => [`add the context ${s.record.spec.name} to your kubeconfig`],
  undo: {
    title: "Removing the kubeconfig entry",
    async run({ record, host }, { signal }) {
      const files = mergedKubeconfigs(record);
      await removeKubeconfig(record.spec.name, host, { signal, ...(files && { files }) });
      if (record.machine) await removeDiscoveryCache(apiServerUrl(record.machine), host);
    },
  },
  async apply(s, c) {
    const input = {
      ...kubeconfigInput(s.record, set(s, "machine"), s.paths),
      keepContext: s.record.spec.keepContext,
    };
    const file = kubeconfigFile(c.host);
    const change = kubeconfigChange(s.record, file);
    if (change) await updateRecord(s, change);
    const { changed } = await mergeKubeconfig(input, c.host, { file, signal: c.signal });
    return changed ? undefined : "unchanged";
  },
};

export const ready: Step<StartState> = {
  id: "ready",
  title: "Waiting for the cluster to be usable",
  needs: ["images", "controllers", "cluster-dns", "kubeconfig"],
  timeoutMs: 3_600_000,
  plan: (s) => (s.record.spec.wait.length ? [`wait for ${s.record.spec.wait.join(", ")}`] : []),
  async apply(s, c) {
    const { waitTimeoutSeconds } = s.record.spec;
    const wait = reachable(s);
    const deadline = AbortSignal.timeout(waitTimeoutSeconds * 1000);
    const missing = new Set(wait);
    const block = giveBlock(s, c);
    const all = waiting(s, AbortSignal.any([c.signal, deadline]));
    await whileUnitsRun(set(s, "transport"), unitNames(s), all, (signal) =>
      Promise.all(
        wait.map((target) => waitFor[target](s, { ...all, signal }).then(() => missing.delete(target))),
      ),
    ).catch((error: unknown) => {
      if (!deadline.aborted || c.signal.aborted) throw error;
      const what = [...missing].join(", ");
      throw new LocalkubeError("WAIT_TIMEOUT", {
        what,
        seconds: waitTimeoutSeconds,
        name: s.record.spec.name,
      });
    });
    await block;
    if (s.record.phase !== "running") await updateRecord(s, { phase: "running" });
    return "unchanged";
  },
};

const waiting = (s: StartState, signal: AbortSignal): Waiting => ({
  signal,
  emulated: isEmulated(set(s, "facts")),
});

/** The node's systemd units, without `.service`. */
function unitNames(s: StartState): readonly string[] {
  const { controlPlane, runtime, kubelet, controllers } = set(s, "files");
  const units = [controlPlane, runtime, kubelet, controllers].flatMap((part) => part.units);
  return units.map(({ name }) => name.replace(/\.service$/, ""));
}

const registrationMs = 30_000;

/** Never rejects: a node that is not registered in time gets its block from the next start; that it is Ready is waited for elsewhere. */
async function giveBlock(s: StartState, c: RunContext): Promise<void> {
  const { spec } = s.record;
  const block = blockToAssign(spec);
  if (block === undefined) return;
  const signal = AbortSignal.any([c.signal, AbortSignal.timeout(registrationMs)]);
  const node = { name: spec.name, block };
  await assignNodeBlock(set(s, "api"), node, waiting(s, signal)).catch((error: unknown) =>
    c.log(`the node has no block of the pod CIDR yet: ${String(error)}`),
  );
}

/** Without a pod network neither the node nor cluster DNS gets ready until the user brings one. */
function reachable(s: StartState): readonly WaitTarget[] {
  const { wait } = s.record.spec;
  if (set(s, "network").kind !== "none") return wait;
  const now = wait.filter((target) => target === "apiserver");
  if (now.length < wait.length)
    s.notice(
      "--cni none: the node gets Ready and cluster DNS answers once you bring a pod network; not waiting for them",
      "info",
    );
  return now;
}

const waitFor: Readonly<Record<WaitTarget, (s: StartState, whose: Waiting) => Promise<void>>> = {
  // The step api-ready has waited already.
  apiserver: () => Promise.resolve(),
  node: async (s, whose) => {
    const since = await kubeletStartedAt(set(s, "transport"), whose);
    await waitForNode(set(s, "api"), s.record.spec.name, since, whose);
  },
  "system-pods": async (s, whose) => {
    const api = set(s, "api");
    await waitForDeployment(api, "kube-system", "coredns", whose);
    // What makes the default namespace usable: pods are refused until it has its service account.
    await waitForServiceAccount(api, "default", whose);
  },
  dns: (s, whose) => waitForDns(set(s, "transport"), s.record.addresses.clusterDns, clusterDomain, whose),
};
