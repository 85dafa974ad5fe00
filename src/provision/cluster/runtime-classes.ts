import type { OciRuntime } from "../../contract/runtime.ts";
import type { ApiClient, KubeObject } from "../../kube/api-client.ts";
import { applyObjects } from "../../kube/objects.ts";

const path = "/apis/node.k8s.io/v1/runtimeclasses";
const mark = { "app.kubernetes.io/managed-by": "localkube" };
const selector = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dlocalkube";

/** The objects by which pods choose these (node.k8s.io/v1, from 1.20). Pure. */
export const runtimeClasses = (ociRuntimes: readonly OciRuntime[]): readonly KubeObject[] =>
  ociRuntimes.map(({ name, runtimeClass }) => ({
    apiVersion: "node.k8s.io/v1",
    kind: "RuntimeClass",
    metadata: { name: runtimeClass, labels: mark },
    handler: name,
  }));

/**
 * Makes the cluster have exactly the RuntimeClasses of these OCI runtimes, among those with our mark: others stay. Idempotent; says whether anything
 * changed. Rejects with API_REFUSED.
 */
export async function applyRuntimeClasses(
  api: ApiClient,
  ociRuntimes: readonly OciRuntime[],
  signal: AbortSignal,
): Promise<boolean> {
  const wanted = runtimeClasses(ociRuntimes);
  const applied = wanted.length > 0 && (await applyObjects(api, wanted, signal));
  const found = await api.get<{ readonly items: readonly KubeObject[] }>(`${path}?${selector}`, { signal });
  const names = wanted.map(({ metadata }) => metadata.name);
  const surplus = (found?.items ?? []).filter(({ metadata }) => !names.includes(metadata.name));
  for (const { metadata } of surplus) {
    const one = `${path}/${metadata.name}`;
    const { status, body } = await api.send(one, { method: "DELETE", signal });
    if (status >= 300 && status !== 404) throw api.refused("DELETE", one, status, body);
  }
  return applied || surplus.length > 0;
}
