import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Transport } from "../../contract/transport.ts";
import type { ApiClient } from "../kube/api-client.ts";
import { waitUntil } from "../kube/wait-until.ts";

const unitLookMs = 3000;
/** Where a look takes seconds (emulation), looking must stay a small part of what the guest does. */
const pauseOfLook = 15;
/** An emulated machine needs seconds for its first handshakes; giving up on one means another. */
const answerMs = 15_000;
const restartsThatMeanFailure = 3;

// Name, restarts so far, and the last lines of whichever unit keeps ending.
const troubleScript = `
for unit in etcd kube-apiserver; do
  n=$(systemctl show --property NRestarts --value $unit)
  if [ "$n" -ge ${restartsThatMeanFailure} ]; then
    echo "$unit ended $n times"
    journalctl --unit $unit --lines 8 --output cat --no-pager
  fi
done
`;

/**
 * Waits until /readyz says ok. Meanwhile looks whether etcd or the API server keeps ending, so that a wrong flag is told after
 * seconds with the program's own words (CONTROL_PLANE_FAILING) and not after the deadline.
 */
export async function waitForApi(api: ApiClient, transport: Transport, c: RunContext): Promise<void> {
  let nextUnitLook = Date.now() + unitLookMs;
  await waitUntil(
    async () => {
      const answer = await api
        .send("/readyz", { signal: c.signal, timeoutMs: answerMs })
        .catch((error: unknown) => {
          if (error instanceof LocalkubeError) return undefined;
          throw error;
        });
      if (answer?.status === 200) return true;
      if (Date.now() > nextUnitLook) {
        const begun = Date.now();
        const { stdout } = await transport.exec(["sh", "-s"], { stdin: troubleScript, signal: c.signal });
        nextUnitLook = Date.now() + Math.max(unitLookMs, pauseOfLook * (Date.now() - begun));
        if (stdout.trim()) throw new LocalkubeError("CONTROL_PLANE_FAILING", {}, { output: stdout.trim() });
      }
      return undefined;
    },
    { signal: c.signal, intervalMs: 30, maxIntervalMs: 100 },
  );
}
