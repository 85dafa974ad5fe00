import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Transport } from "../../../contract/transport.ts";
import type { Cri } from "../client.ts";
import { nodeImages, removeNodeImage } from "../images.ts";

/** What the sandboxes and containers of a check are found by. */
export const checkLabels = { "localkube.dev/runtime-check": "true" } as const;
/** Repository of the image, in a registry at the node's loopback. */
export const checkRepository = "localkube/runtime-check";
/** The pod that a check's sandbox belongs to. */
export const checkPod = { namespace: "kube-system", name: "localkube-runtime-check" } as const;

const logsRoot = "/var/log/pods";
/** As the kubelet names them: it removes those of pods that it does not know, too. */
export const checkLogs = (uid: string): string => `${logsRoot}/${checkPod.namespace}_${checkPod.name}_${uid}`;

const removeLogs = 'for folder in "$1"*; do [ ! -d "$folder" ] || rm -rf -- "$folder"; done';

/**
 * Removes what a check left in a node, an interrupted one too: containers, sandboxes, images and logs, found by their labels and names. Tries
 * everything, then rejects with the first failure. Idempotent.
 */
export async function removeRemains(
  cri: Cri,
  transport: Pick<Transport, "exec">,
  signal: AbortSignal,
): Promise<void> {
  const options = { signal };
  let failure: unknown;
  const tried = async (work: () => Promise<unknown>): Promise<void> => {
    signal.throwIfAborted();
    try {
      await work();
    } catch (error) {
      // A server that does not know a call has made nothing with it.
      if (!(error instanceof LocalkubeError && error.id === "CRI_UNIMPLEMENTED")) failure ??= error;
    }
  };
  const filter = { labelSelector: checkLabels };
  await tried(async () => {
    const { containers } = await cri.call("RuntimeService/ListContainers", { filter }, options);
    for (const { id: containerId } of containers) {
      await tried(() => cri.call("RuntimeService/StopContainer", { containerId, timeout: 0 }, options));
      await tried(() => cri.call("RuntimeService/RemoveContainer", { containerId }, options));
    }
  });
  await tried(async () => {
    const { items } = await cri.call("RuntimeService/ListPodSandbox", { filter }, options);
    for (const { id: podSandboxId } of items) {
      await tried(() => cri.call("RuntimeService/StopPodSandbox", { podSandboxId }, options));
      await tried(() => cri.call("RuntimeService/RemovePodSandbox", { podSandboxId }, options));
    }
  });
  await tried(async () => {
    const images = await nodeImages(cri, options);
    for (const image of images.filter(({ names, byDigest }) => [...names, ...byDigest].some(isOurs)))
      await tried(() => removeNodeImage(cri, image, options));
  });
  await tried(() => transport.exec(["sh", "-c", removeLogs, "sh", checkLogs("")], options));
  if (failure !== undefined) throw failure;
}

const isOurs = (name: string): boolean =>
  name.startsWith("127.0.0.1:") && name.includes(`/${checkRepository}`);
