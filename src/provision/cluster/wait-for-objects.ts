import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ApiClient, KubeObject } from "../../kube/api-client.ts";
import { type Waiting, waitUntil } from "../../kube/wait-until.ts";

interface Node extends KubeObject {
  readonly status?: { readonly conditions?: readonly NodeCondition[] };
}

interface NodeCondition {
  readonly type: string;
  readonly status: string;
  /** ISO 8601, whole seconds. */
  readonly lastHeartbeatTime?: string;
}

/**
 * Ready by a report not older than `since` (seconds since the epoch): the API keeps showing what a kubelet reported before it ended. Between its
 * end and the start of the next one lies a second (`restartUnits`, RestartSec in its unit), so that a report of the second in which the
 * next one started is the next one's.
 */
export const waitForNode = (api: ApiClient, name: string, since: number, waiting: Waiting): Promise<void> =>
  waitForObject<Node>(
    api,
    `/api/v1/nodes/${name}`,
    ({ status }) =>
      status?.conditions?.some(
        (condition) =>
          condition.type === "Ready" &&
          condition.status === "True" &&
          Date.parse(condition.lastHeartbeatTime ?? "") / 1000 >= since,
      ) ?? false,
    waiting,
  );

interface Deployment extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly generation?: number };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/**
 * Whether all replicas are available and of the current template, as `kubectl rollout status` judges it: the controller has seen this
 * spec, created its pods, and the pods of the previous template are gone. The condition 'Available' may hold with none, and for an older spec.
 */
function isRolledOut({ metadata, spec, status = {} }: Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  return (
    status.observedGeneration === metadata.generation &&
    updatedReplicas >= wanted &&
    replicas <= updatedReplicas &&
    availableReplicas >= updatedReplicas
  );
}

/** Waits until the Deployment is rolled out. */
export const waitForDeployment = (
  api: ApiClient,
  namespace: string,
  name: string,
  waiting: Waiting,
): Promise<void> =>
  waitForObject<Deployment>(
    api,
    `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    isRolledOut,
    waiting,
  );

export const waitForServiceAccount = (api: ApiClient, namespace: string, waiting: Waiting): Promise<void> =>
  waitForObject(api, `/api/v1/namespaces/${namespace}/serviceaccounts/default`, () => true, waiting);

async function waitForObject<T extends KubeObject>(
  api: ApiClient,
  path: string,
  good: (object: T) => boolean,
  waiting: Waiting,
): Promise<void> {
  const { signal } = waiting;
  await waitUntil(
    async (timeoutMs) => {
      // A node that starts everything at once may leave a request unanswered; the deadline decides.
      const object = await api.get<T>(path, { signal, timeoutMs }).catch((error: unknown) => {
        if (error instanceof LocalkubeError && error.id === "API_UNREACHABLE") return undefined;
        throw error;
      });
      return object && good(object) ? true : undefined;
    },
    { ...waiting, intervalMs: 50, maxIntervalMs: 200 },
  );
}
