import { inspectArchive } from "../../../artifacts/image/inspect-archive.ts";
import { settleNames } from "../../../artifacts/image/naming.ts";
import type { NamedArchive } from "../../../artifacts/image/archive-registry.ts";
import type { ImageFile } from "../../../contract/artifact.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Step } from "../../../contract/step.ts";
import { loadImages } from "../../../provision/node/load-images.ts";
import { runtimeInput } from "../../../provision/node/runtime-input.ts";
import { type Cri, criWhenItServes } from "../../../runtimes/cri/client.ts";
import { imageIds } from "../../../runtimes/cri/images.ts";
import { whileUnitsRun } from "../../../provision/units/while-units-run.ts";
import { pullArchives } from "../../images/pull-archives.ts";
import { nodeInput } from "../node-input.ts";
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
        const pull = async (files: readonly ImageFile[]) =>
          pullArchives(await Promise.all(files.map((one) => clusterArchive(one, signal))), {
            ...{ transport, runtime, cri },
            ...{ signal, report: c.report },
          });
        const [outcome] = await Promise.all([
          loadImages(transport, runtime, wanted, { ask, pull }, { ...c, signal }),
          checkSettings(s, cri, signal),
        ]);
        return outcome;
      } finally {
        await cri.close();
      }
    });
  },
};

async function clusterArchive({ file, ref }: ImageFile, signal: AbortSignal): Promise<NamedArchive> {
  const facts = await inspectArchive(file, signal);
  return { file, facts, names: settleNames(file, facts, ref) };
}

/** A runtime that begins with other settings than it was given fails much later, in pods. One that goes on since an earlier start was asked then. */
async function checkSettings(s: NodeState, cri: Cri, signal: AbortSignal): Promise<void> {
  const { runtime } = s.cluster;
  if (!runtime.units.some(({ name }) => s.restarted?.includes(name))) return;
  const transport = need(s, "transport");
  const [{ stdout }, { info }] = await Promise.all([
    transport.exec(runtime.settings.ask, { signal }),
    cri.call("RuntimeService/Status", { verbose: true }, { signal }),
  ]);
  const input = runtimeInput(nodeInput(s));
  const lost = runtime.settings.lost(input, { printed: stdout, status: info });
  if (lost.length > 0)
    throw new LocalkubeError("RUNTIME_SETTINGS_LOST", {
      runtime: runtime.name,
      version: input.runtimeVersion,
      settings: lost.join(", "),
    });
}
