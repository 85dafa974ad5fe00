import { setTimeout as sleep } from "node:timers/promises";
import type { MachineRef } from "../contract/driver.ts";
import { connect } from "../machine/ssh/transport.ts";
import { endpointOfCluster, type OpenCluster } from "./open-cluster.ts";

const loginMs = 10_000;
const lookMs = 2000;
/** Between the end of sshd and that of the file systems, which nobody tells us. */
const settleMs = 20_000;

/**
 * Shuts a machine down from within, where its power button is none: a server's API cuts the power at once. Never rejects but for the
 * signal's reason: whatever does not work within `graceMs` is the driver's to end by force. Returns what is left of the time.
 */
export async function shutDownGuest(
  cluster: OpenCluster,
  machine: MachineRef,
  c: { readonly signal: AbortSignal; readonly graceMs: number; readonly log: (line: string) => void },
): Promise<number> {
  const deadline = performance.now() + c.graceMs;
  const left = (): number => Math.max(0, deadline - performance.now());
  const endpoint = await endpointOfCluster(cluster, machine);
  const login = async (timeoutMs: number) => {
    const options = { signal: c.signal, timeoutMs: Math.max(1, Math.min(timeoutMs, left())), log: c.log };
    return connect(endpoint, options).catch((error: unknown) => {
      c.signal.throwIfAborted();
      c.log(String(error));
      return undefined;
    });
  };
  const transport = await login(loginMs);
  if (!transport) return left();
  const options = { signal: c.signal, timeoutMs: loginMs, allowFailure: true };
  // Its end may come before its answer.
  await transport
    .exec(["sh", "-c", "sync; systemctl poweroff"], options)
    .catch((error: unknown) => c.log(String(error)));
  await transport.close();
  while (left() > 0) {
    const again = await login(lookMs);
    if (!again) break;
    await again.close();
    await sleep(Math.min(500, left()), undefined, { signal: c.signal });
  }
  await sleep(Math.min(settleMs, left()), undefined, { signal: c.signal });
  return left();
}
