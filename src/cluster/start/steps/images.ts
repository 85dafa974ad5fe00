import { inspectArchive } from "../../../artifacts/image/inspect-archive.ts";
import { settleNames } from "../../../artifacts/image/naming.ts";
import type { NamedArchive } from "../../../artifacts/image/archive-registry.ts";
import type { ImageFile } from "../../../contract/artifact.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { poll } from "../../../host/poll.ts";
import { guestPaths } from "../../../provision/node/guest-paths.ts";
import { loadImages } from "../../../provision/node/load-images.ts";
import { runtimeInput } from "../../../provision/node/runtime-input.ts";
import { type Cri, criWhenItServes, socketPath } from "../../../runtimes/cri/client.ts";
import { imageIds } from "../../../runtimes/cri/images.ts";
import { noteOwnImages } from "../../../runtimes/foreign/give-back.ts";
import { foundServer, type Importing, importing } from "../../../runtimes/foreign/index.ts";
import { runtimes } from "../../../runtimes/registry.ts";
import { whileUnitsRun } from "../../../provision/units/while-units-run.ts";
import { pullArchives } from "../../images/pull-archives.ts";
import { nodeInput } from "../node-input.ts";
import { need, type NodeBase, type NodeState, waiting } from "../state.ts";

export const images: Step<NodeState, NodeBase> = {
  id: "images",
  title: "Loading images",
  timeoutMs: 600_000,
  plan: ({ cluster: { runtime } }) => [
    runtime.foreign
      ? "load the cluster DNS image into the runtime"
      : "load the pause and cluster DNS images into the runtime",
  ],
  apply(s, c) {
    const transport = need(s, "transport");
    const { runtime } = s.cluster;
    const units = runtime.units.map(({ name }) => name).filter((name) => name.endsWith(".service"));
    // A kubelet that contains the CRI server must run for it.
    if (runtime.kubelet.flags) units.push("kubelet.service");
    const names = units.map((name) => name.replace(/\.service$/, ""));
    return whileUnitsRun(transport, names, waiting(s, c.signal), async (signal) => {
      const cri = await criWhenItServes(transport, runtime, signal);
      try {
        const ask = async () => (s.imageIds = await imageIds(cri, { signal }));
        const [outcome] = await Promise.all([
          runtime.foreign
            ? intoForeign(s, cri, ask, { ...c, signal })
            : intoOwn(s, cri, ask, { ...c, signal }),
          checkSettings(s, cri, signal),
          waitForNetwork(s, cri, signal),
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

type Ask = () => Promise<ReadonlyMap<string, string>>;

const intoOwn = (s: NodeState, cri: Cri, ask: Ask, c: RunContext): Promise<void | "unchanged"> =>
  intoServer(s, cri, importing(s.cluster.runtime, "", runtimes), need(s.cluster, "artifacts").images, ask, c);

function intoServer(
  s: NodeState,
  cri: Cri,
  runtime: Importing,
  images: Readonly<Record<string, ImageFile>>,
  ask: Ask,
  c: RunContext,
): Promise<void | "unchanged"> {
  const transport = need(s, "transport");
  const { signal, report } = c;
  const pull = async (files: readonly ImageFile[]) =>
    pullArchives(await Promise.all(files.map((one) => clusterArchive(one, signal))), {
      ...{ transport, runtime, cri },
      ...{ signal, report },
    });
  return loadImages(transport, runtime, images, { ask, pull }, c);
}

/** Images that the server had before stay as they are. One that reads no archives pulls them, where there is a registry for them. */
async function intoForeign(s: NodeState, cri: Cri, ask: Ask, c: RunContext): Promise<void | "unchanged"> {
  const transport = need(s, "transport");
  const { name } = need(s, "server");
  const all = Object.entries(need(s.cluster, "artifacts").images);
  const names = all.map(([, { ref }]) => ref);
  const own = await noteOwnImages(cri, transport, names, c.signal);
  const wanted = all.filter(([, { ref }]) => own.has(ref));
  if (foundServer(name, runtimes))
    return intoServer(
      s,
      cri,
      importing(s.cluster.runtime, name, runtimes),
      Object.fromEntries(wanted),
      ask,
      c,
    );
  const there = await ask();
  const absent = wanted.filter(([, { ref }]) => !there.has(ref));
  for (const [, { ref, registry }] of absent) {
    if (!registry) throw new LocalkubeError("CRI_IMPORT_UNKNOWN", { runtime: name });
    c.report({ message: `pulling ${ref}` });
    const request = { image: { image: ref } };
    await cri.call("ImageService/PullImage", request, { signal: c.signal, timeoutMs: pullMs });
  }
  await ask();
  return absent.length > 0 ? undefined : "unchanged";
}

const pullMs = 540_000;
const networkMs = 30_000;

/** A foreign server reads where it was told to; without a network its node never becomes ready. */
async function waitForNetwork(s: NodeState, cri: Cri, signal: AbortSignal): Promise<void> {
  const network = need(s, "network");
  const { runtime } = s.cluster;
  if (!runtime.foreign || (network.kind !== "bridge" && network.kind !== "config")) return;
  let problem = "it gives no reason";
  const isReady = async (): Promise<true | undefined> => {
    const { status } = await cri.call("RuntimeService/Status", { verbose: false }, { signal });
    const found = status?.conditions.find(({ type }) => type === "NetworkReady");
    problem = [found?.reason, found?.message].filter(Boolean).join(": ") || problem;
    return found?.status ? true : undefined;
  };
  if (await poll(isReady, { signal, everyMs: 300, limitMs: networkMs })) return;
  throw new LocalkubeError("CRI_NETWORK_NOT_READY", {
    path: socketPath(runtime.endpoint),
    file: `${guestPaths.cniConfig}.${network.kind === "bridge" ? "conflist" : network.ending}`,
    folder: guestPaths.cniConfig.replace(/\/[^/]*$/, ""),
    problem,
  });
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
