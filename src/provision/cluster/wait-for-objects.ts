import type { ApiClient, KubeObject } from "../kube/api-client.ts";
import { waitUntil } from "../kube/wait-until.ts";

interface Conditioned extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const has = (object: Conditioned | undefined, type: string): boolean =>
  object?.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ??
  false;

export const waitForNode = (api: ApiClient, name: string, signal: AbortSignal): Promise<void> =>
  waitForObject<Conditioned>(api, `/api/v1/nodes/${name}`, (node) => has(node, "Ready"), signal);

interface Deployment extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly generation?: number };
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly observedGeneration?: number; readonly availableReplicas?: number };
}

/** All replicas available for the spec that is there now; the condition «Available» may hold with none, and for an older spec. */
export const waitForDeployment = (
  api: ApiClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<void> =>
  waitForObject<Deployment>(
    api,
    `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    ({ metadata, spec, status }) =>
      status?.observedGeneration === metadata.generation &&
      (status?.availableReplicas ?? 0) >= (spec?.replicas ?? 1),
    signal,
  );

export const waitForServiceAccount = (
  api: ApiClient,
  namespace: string,
  signal: AbortSignal,
): Promise<void> =>
  waitForObject(api, `/api/v1/namespaces/${namespace}/serviceaccounts/default`, () => true, signal);

async function waitForObject<T extends KubeObject>(
  api: ApiClient,
  path: string,
  good: (object: T) => boolean,
  signal: AbortSignal,
): Promise<void> {
  await waitUntil(
    async () => {
      const object = await api.get<T>(path, { signal });
      return object && good(object) ? true : undefined;
    },
    { signal, intervalMs: 50, maxIntervalMs: 200 },
  );
}
