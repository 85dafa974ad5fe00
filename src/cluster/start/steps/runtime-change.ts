import { catalogueEntry } from "../../../artifacts/catalogue/catalogue-entry.ts";
import type { Runtime } from "../../../contract/runtime.ts";
import type { Step } from "../../../contract/step.ts";
import type { Transport } from "../../../contract/transport.ts";
import { endPods } from "../../../provision/guest/freeze.ts";
import { retireRuntime } from "../../../provision/node/retire-runtime.ts";
import type { Cri } from "../../../runtimes/cri/client.ts";
import { withCri } from "../../../runtimes/cri/images.ts";
import { isForeign } from "../../../runtimes/foreign/index.ts";
import { runtimeByName } from "../../../runtimes/registry.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";
import { clearedOf } from "./cri-server.ts";

/** For containers that handle SIGTERM, as at `stop`. */
const graceMs = 10_000;

/** Takes the runtime that the cluster had before out of the node; the steps after it bring the new one. */
export const runtimeChange: Step<NodeState, NodeBase> = {
  id: "runtime-change",
  title: "Taking the former runtime out",
  timeoutMs: 600_000,
  plan: ({ cluster: { record } }) =>
    (record.formerRuntimes ?? []).map((name) =>
      isForeign(name)
        ? `end the pods and take the cluster's sandboxes and images out of the CRI server at ${name}`
        : `end the pods and take ${name} out of the machine; its data stays in ${runtimeByName(name).footprint.trees[0]}`,
    ),
  async apply(s, c) {
    const transport = need(s, "transport");
    const { record } = s.cluster;
    const { minor } = catalogueEntry(record.kubernetesVersion);
    const keep = runtimeByName(record.runtime).footprint.files;
    let changed = false;
    for (const name of record.formerRuntimes ?? []) {
      if (isForeign(name)) {
        c.report({ message: "ending the pods" });
        await endPods(transport, graceMs, c.signal);
        for (const text of await clearedOf(name, transport, c))
          s.cluster.notice(`in the machine ${text}`, "warning");
        changed = true;
        continue;
      }
      const former = runtimeByName(name);
      const runtime = former.at(minor);
      if (runtime && (await runs(transport, runtime, c.signal))) {
        c.report({ message: "ending the pods" });
        await endPods(transport, graceMs, c.signal);
        c.report({ message: `removing the pods' containers from ${name}` });
        await removePods(transport, runtime, c.signal);
      }
      c.report({ message: `removing ${name}` });
      changed =
        (await retireRuntime(transport, former, { keep, sharesHost: isForeign(record.runtime) }, c)) ||
        changed;
    }
    return changed ? undefined : "unchanged";
  },
};

const runs = async (transport: Transport, { units }: Runtime, signal: AbortSignal): Promise<boolean> => {
  const names = units.map(({ name }) => name);
  const argv = ["systemctl", "is-active", "--quiet", ...names] as const;
  return (await transport.exec(argv, { signal, allowFailure: true })).exitCode === 0;
};

/** So that their addresses and mounts are given back by whoever made them. */
async function removePods(transport: Transport, runtime: Runtime, signal: AbortSignal): Promise<void> {
  const { removePods: argv } = runtime.kubelet;
  if (argv) await transport.exec(argv, { signal, timeoutMs: 300_000 });
  else await withCri(transport, runtime, { signal }, (cri) => removeSandboxes(cri, signal));
}

async function removeSandboxes(cri: Cri, signal: AbortSignal): Promise<void> {
  const { items } = await cri.call("RuntimeService/ListPodSandbox", {}, { signal });
  for (const { id: podSandboxId } of items) {
    await cri.call("RuntimeService/StopPodSandbox", { podSandboxId }, { signal });
    await cri.call("RuntimeService/RemovePodSandbox", { podSandboxId }, { signal });
  }
}
