import type { Step } from "../../../contract/step.ts";
import { clockWarning } from "../../../provision/guest/clock-warning.ts";
import { loadPodNetwork } from "../../../provision/network/pod-network.ts";
import { guestPaths } from "../../../provision/node/guest-paths.ts";
import { nodeFiles } from "../../../provision/node/node-files.ts";
import { accessFiles, claimRegistryFiles } from "../../../provision/node/registry-files.ts";
import { linkCniPlugins } from "../../../provision/programs/unpack-programs.ts";
import { runtimes } from "../../../runtimes/registry.ts";
import { nodeInput } from "../node-input.ts";
import { pushAndStart } from "../push-and-start.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

/** Everything waits for these; what the other parts need is rendered here too. */
export const controlPlane: Step<NodeState, NodeBase> = {
  id: "control-plane",
  title: "Pushing etcd, the API server and the runtime",
  timeoutMs: 600_000,
  plan: ({ cluster: { runtime } }) => [
    runtime.foreign
      ? "push and start etcd and kube-apiserver"
      : `push and start etcd, kube-apiserver and ${runtime.name}`,
  ],
  async apply(s, c) {
    const warning = clockWarning(need(s, "facts"));
    if (warning) s.cluster.notice(warning, "warning");
    const network = await loadPodNetwork(s.cluster.record.spec.cni);
    s.network = network.kind === "bridge" && s.server?.hasNetwork ? { kind: "present" } : network;
    const input = nodeInput(s);
    const { linkCniFrom, cniBinDir } = input.programs;
    s.files = nodeFiles(input);
    const removed = await claimRegistryFiles(need(s, "transport"), accessFiles(input), registryPlaces, c);
    const outcome = await pushAndStart(
      s,
      [s.files.runtime, ...(s.files.controlPlane ? [s.files.controlPlane] : [])],
      c,
    );
    const linked = linkCniFrom ? await linkCniPlugins(need(s, "transport"), linkCniFrom, cniBinDir, c) : [];
    return linked.length + removed.length ? undefined : outcome;
  },
};

/** Where files about registries may be, whichever runtime the node had. */
const registryPlaces = [
  ...runtimes.map(({ footprint }) => footprint.registryFolder),
  ...[guestPaths.registryLogins, guestPaths.proxy],
];
