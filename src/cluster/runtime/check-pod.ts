import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import { poll } from "../../host/poll.ts";
import type { ApiClient, KubeObject } from "../../kube/api-client.ts";
import { checkPod } from "../../runtimes/cri/check/remains.ts";

const { namespace, name } = checkPod;
const pods = `/api/v1/namespaces/${namespace}/pods`;
const path = `${pods}/${name}`;

/** The kubelet of an emulated machine takes seconds to take notice of a pod. */
const noticeMs = 60_000;
const answerMs = 15_000;

/**
 * The pod that stands for the check's sandbox in the API: every two seconds the kubelet ends what runs in sandboxes of pods that it does not know,
 * whatever their labels are. It is bound to the node, but never starts: its volume claim does not exist. So the kubelet keeps its hands off the sandbox
 * with its uid, and removes what is left of it when the pod is deleted. If localkube is killed, the deadline ends it.
 */
const manifest = (node: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace,
    labels: { "app.kubernetes.io/managed-by": "localkube", "localkube.dev/runtime-check": "true" },
    annotations: {
      "localkube.dev/purpose":
        "Holds the place of a test sandbox while 'localkube runtime check' runs; it never starts and may be deleted",
    },
  },
  spec: {
    nodeName: node,
    restartPolicy: "Never",
    activeDeadlineSeconds: 900,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: "Exists" }],
    containers: [
      {
        name: "never",
        image: "localkube.local/never",
        imagePullPolicy: "Never",
        volumeMounts: [{ name: "never", mountPath: "/never" }],
      },
    ],
    volumes: [{ name: "never", persistentVolumeClaim: { claimName: `${name}-never` } }],
  },
});

type CheckPod = KubeObject & {
  readonly metadata: { readonly uid: string };
  readonly status?: { readonly startTime?: string; readonly phase?: string; readonly message?: string };
};

/**
 * Makes the pod, after one of a check that was interrupted, and waits until the node's kubelet has taken notice of it. Returns its uid. Rejects with
 * API_UNREACHABLE or API_REFUSED, with the kubelet's refusal, or with the signal's reason.
 */
export async function makeCheckPod(api: ApiClient, node: string, signal: AbortSignal): Promise<string> {
  await removeCheckPod(api, signal);
  const options = { signal, timeoutMs: answerMs };
  const { status, body } = await api.send(pods, {
    ...options,
    method: "POST",
    body: JSON.stringify(manifest(node)),
  });
  if (status >= 300) throw api.refused("POST", pods, status, body);
  const { uid } = (JSON.parse(body) as CheckPod).metadata;
  const noticed = async () => {
    const found = (await api.get<CheckPod>(path, options))?.status;
    return found?.startTime !== undefined || found?.phase === "Failed" ? found : undefined;
  };
  const seen = await poll(noticed, { signal, everyMs: 100, limitMs: noticeMs });
  // A full node, for example. Sandboxes of pods that have ended are ended, too.
  if (seen?.phase === "Failed") throw new Error(`the kubelet refuses it: ${seen.message ?? "for no reason"}`);
  return uid;
}

/** Removes the pod at once, and what the kubelet said about it. Idempotent. Rejects as `makeCheckPod` does. */
export async function removeCheckPod(api: ApiClient, signal: AbortSignal): Promise<void> {
  const options = { signal, timeoutMs: answerMs };
  const pod = await api.get<CheckPod>(path, options);
  if (!pod) return;
  const remove = async (what: string): Promise<void> => {
    const { status, body } = await api.send(what, { ...options, method: "DELETE" });
    if (status >= 300 && status !== 404) throw api.refused("DELETE", what, status, body);
  };
  await remove(`${path}?gracePeriodSeconds=0`);
  const events = `involvedObject.uid=${pod.metadata.uid}`;
  await remove(`/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(events)}`);
}

/** What went wrong with the pod, as a clause. */
export const problemOf = (error: unknown): string =>
  error instanceof LocalkubeError && error.output ? `${error.message}: ${error.output}` : messageOf(error);
