import type { ApiClient } from "../../kube/api-client.ts";
import type { LogSink } from "./guest.ts";

interface Event {
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
}

const path = "/api/v1/namespaces/kube-system/events?fieldSelector=type%3DWarning&limit=500";
const timeoutMs = 10_000;

/**
 * Passes on the warnings that the API server keeps about kube-system, oldest first. Some problems are recorded nowhere else: a failing
 * probe is logged neither by the kubelet nor by the pod. Rejects with API_UNREACHABLE or API_REFUSED.
 */
export async function readEvents(
  api: Pick<ApiClient, "get">,
  sink: LogSink,
  signal: AbortSignal,
): Promise<void> {
  const { items = [] } = (await api.get<{ items?: Event[] }>(path, { signal, timeoutMs })) ?? {};
  const time = ({ lastTimestamp, eventTime }: Event): string => lastTimestamp ?? eventTime ?? "";
  sink.section("events of kube-system");
  for (const event of [...items].sort((a, b) => (time(a) < time(b) ? -1 : 1))) {
    const { kind = "", name = "" } = event.involvedObject ?? {};
    const times = (event.count ?? 1) > 1 ? ` (${event.count} times)` : "";
    const message = (event.message ?? "").trim().replaceAll(/\s+/g, " ");
    sink.line(`${time(event)} Warning ${kind} ${name}: ${event.reason ?? ""}: ${message}${times}`);
  }
}
