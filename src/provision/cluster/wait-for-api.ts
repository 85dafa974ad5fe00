import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { type Waiting, waitUntil } from "../../kube/wait-until.ts";
import { whileUnitsRun } from "../units/while-units-run.ts";

/**
 * Waits until /readyz says ok. Rejects with CONTROL_PLANE_FAILING as soon as etcd or the API server keeps exiting, so that a wrong flag is
 * reported after seconds with the program's own words and not after the deadline.
 */
export async function waitForApi(api: ApiClient, transport: Transport, waiting: Waiting): Promise<void> {
  await whileUnitsRun(transport, ["etcd", "kube-apiserver"], waiting, (signal) =>
    waitUntil(
      async (timeoutMs) => {
        const answer = await api.send("/readyz", { signal, timeoutMs }).catch((error: unknown) => {
          if (error instanceof LocalkubeError) return undefined;
          throw error;
        });
        return answer?.status === 200 ? true : undefined;
      },
      { ...waiting, signal, intervalMs: 30, maxIntervalMs: 100 },
    ),
  );
}
