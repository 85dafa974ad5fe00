import type { Step } from "../../../contract/step.ts";
import { loadImages } from "../../../provision/node/load-images.ts";
import { criWhenItServes } from "../../../runtimes/cri/client.ts";
import { imageIds } from "../../../runtimes/cri/images.ts";
import { whileUnitsRun } from "../../../provision/units/while-units-run.ts";
import { need, type NodeBase, type NodeState, waiting } from "../state.ts";

export const images: Step<NodeState, NodeBase> = {
  id: "images",
  title: "Loading images",
  timeoutMs: 600_000,
  plan: () => ["load the pause and cluster DNS images into the runtime"],
  apply(s, c) {
    const transport = need(s, "transport");
    const { runtime } = s.cluster;
    const units = runtime.units.map(({ name }) => name).filter((name) => name.endsWith(".service"));
    // A kubelet that contains the CRI server must run for it.
    if (runtime.kubelet.flags) units.push("kubelet.service");
    const names = units.map((name) => name.replace(/\.service$/, ""));
    return whileUnitsRun(transport, names, waiting(s, c.signal), async (signal) => {
      const cri = await criWhenItServes(transport, runtime.endpoint, signal);
      try {
        const ask = async () => (s.imageIds = await imageIds(cri, { signal }));
        const { images: wanted } = need(s.cluster, "artifacts");
        return await loadImages(transport, runtime, wanted, ask, { ...c, signal });
      } finally {
        await cri.close();
      }
    });
  },
};
