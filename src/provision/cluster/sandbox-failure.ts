import type { ApiClient } from "../../kube/api-client.ts";

interface Event {
  readonly message?: string;
  readonly lastTimestamp?: string | null;
}

const path = "/api/v1/namespaces/kube-system/events?fieldSelector=reason%3DFailedCreatePodSandBox&limit=100";
const timeoutMs = 10_000;

/**
 * Why the last sandbox of a pod in kube-system could not be made, in the runtime's own words; undefined where each could. Read-only. Rejects with
 * API_UNREACHABLE or API_REFUSED.
 */
export async function sandboxFailure(
  api: Pick<ApiClient, "get">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { items = [] } = (await api.get<{ items?: Event[] }>(path, { signal, timeoutMs })) ?? {};
  const [last] = [...items].sort((a, b) => ((a.lastTimestamp ?? "") < (b.lastTimestamp ?? "") ? 1 : -1));
  const words = (last?.message ?? "").trim().replaceAll(/\s+/g, " ");
  // The kubelet puts gRPC's frame around it.
  return words.replace(/^Failed to create pod sandbox: (rpc error: code = \w+ desc = )?/, "") || undefined;
}
