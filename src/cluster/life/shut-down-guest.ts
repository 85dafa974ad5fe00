import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../machine/ssh/transport.ts";
import { endPods } from "../../provision/guest/freeze.ts";
import { type CreatedNode, endpointOfNode } from "../access/open-cluster.ts";

const loginMs = 10_000;
const lookMs = 2000;
/** Time between the end of sshd and that of the file systems, which we cannot observe. */
const settleMs = 20_000;

/** Time reserved for the machine itself to power off cleanly once its pods are gone. */
const machineShare = 1 / 3;

/**
 * Shuts down what runs in the guest, in order, so that its power button has little left to do: pods first, while network and control
 * plane still run, each with its own grace period within ours. A machine without a power button is then shut down from within: a
 * server's API cuts the power immediately. Rejects only with the signal's reason: whatever does not end within `graceMs` is left to the
 * driver to end by force. Returns the time that is left.
 */
export async function shutDownGuest(
  node: CreatedNode,
  c: { readonly signal: AbortSignal; readonly graceMs: number; readonly log: (line: string) => void },
): Promise<number> {
  const deadline = performance.now() + c.graceMs;
  const left = (): number => Math.max(0, Math.round(deadline - performance.now()));
  if (c.graceMs === 0) return 0;
  const { powerButton } = node.cluster.definition.capabilities;
  const endpoint = await endpointOfNode(node, node.machine);
  const login = async (timeoutMs: number) => {
    const options = {
      signal: c.signal,
      timeoutMs: Math.max(1, Math.round(Math.min(timeoutMs, left()))),
      log: c.log,
    };
    return connect(endpoint, options).catch((error: unknown) => {
      c.signal.throwIfAborted();
      c.log(String(error));
      return undefined;
    });
  };
  const failed = (error: unknown): void => {
    c.signal.throwIfAborted();
    c.log(String(error));
  };
  const transport = await login(Math.min(loginMs, c.graceMs * (1 - machineShare)));
  if (!transport) return left();
  try {
    await endPods(transport, Math.max(0, left() - c.graceMs * machineShare), c.signal).catch(failed);
    if (powerButton) return left();
    const options = { signal: c.signal, timeoutMs: loginMs, allowFailure: true };
    // The machine may be gone before it answers.
    await transport.exec(["sh", "-c", "sync; systemctl poweroff"], options).catch(failed);
  } finally {
    await transport.close();
  }
  while (left() > 0) {
    const again = await login(lookMs);
    if (!again) break;
    await again.close();
    await sleep(Math.min(500, left()), undefined, { signal: c.signal });
  }
  await sleep(Math.min(settleMs, left()), undefined, { signal: c.signal });
  return left();
}
