import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ApiClient } from "../../kube/api-client.ts";

export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogSink {
  line(text: string): void;
  /** What is not of the log: why there is none, or no more. */
  note(text: string): void;
}

const lines = 50;

/**
 * Passes on the last 50 lines of a container, then each new one until it ends or the signal aborts; of one that waits to be started again, those of its last run. Rejects with
 * API_UNREACHABLE, or API_REFUSED where there are none.
 */
export async function followPodLog(
  api: ApiClient,
  { namespace, pod, container }: LogRequest,
  sink: LogSink,
  signal: AbortSignal,
): Promise<void> {
  const [space, name, one] = [namespace, pod, container].map(encodeURIComponent);
  const path = `/api/v1/namespaces/${space}/pods/${name}/log?container=${one}&tailLines=${lines}`;
  const pass = async (more: string): Promise<void> => {
    for await (const line of api.lines(`${path}${more}`, { signal })) sink.line(line);
  };
  try {
    await pass("&follow=true");
    sink.note("The container has ended.");
  } catch (error) {
    if (!isWaiting(error)) throw error;
    await pass("&previous=true").catch((again: unknown) => {
      signal.throwIfAborted();
      // It has never run: then why it waits is what there is to say.
      throw again instanceof LocalkubeError && again.id === "API_REFUSED" ? error : again;
    });
    sink.note("The container waits to be started again; these are the lines of its last run.");
  }
}

const isWaiting = (error: unknown): boolean =>
  error instanceof LocalkubeError && error.id === "API_REFUSED" && Number(error.params["status"]) === 400;
