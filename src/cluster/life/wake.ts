import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import { isEmulated, virtualizationOf } from "../../provision/guest/guest-facts.ts";
import { setClock } from "../../provision/guest/set-clock.ts";
import { waitForApi } from "../../provision/cluster/wait-for-api.ts";
import { ensureApiTunnel } from "../access/reach.ts";
import { apiClient, type CreatedNode, endpointOfNode } from "../access/open-cluster.ts";
import { thaw } from "./pause.ts";
import type { UseCaseContext } from "../access/use-case.ts";

const leastWakeMs = 120_000;
/** So many slow answers of the API server may pass until it has caught up with itself; an emulated one on a busy host needed more than two minutes. */
const answersToWake = 40;

/**
 * After memory from an earlier time was loaded: sets the guest's clock to this host's, unpauses what was paused at that time and waits
 * for the API server of a control plane. Rejects with WAIT_TIMEOUT after two minutes, or ten where the driver's
 * machines may be emulated.
 */
export async function settleAfterWake(node: CreatedNode, context: UseCaseContext): Promise<void> {
  const { cluster, machine, role } = node;
  const { connect } = await import("../../machine/ssh/transport.ts");
  const wakeMs = Math.max(leastWakeMs, answersToWake * cluster.definition.capabilities.answerMs);
  const deadline = AbortSignal.timeout(wakeMs);
  const signal = AbortSignal.any([context.signal, deadline]);
  let transport: Transport | undefined;
  await ensureApiTunnel(machine, { ...context, paths: node.paths });
  const api = role === "control-plane" ? await apiClient(cluster, machine) : undefined;
  try {
    transport = await connect(await endpointOfNode(node, machine), {
      signal,
      timeoutMs: wakeMs,
      log: context.log,
    });
    await setClock(transport, signal);
    // It may have been paused before its memory was saved, and a frozen API server never answers.
    await thaw(cluster.record.spec.name, transport, signal);
    if (!api) return;
    const emulated = isEmulated({ virtualization: await virtualizationOf(transport, signal) });
    await waitForApi(api, transport, { signal, emulated });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    const params = { what: "apiserver", seconds: wakeMs / 1000, name: cluster.record.spec.name };
    throw new LocalkubeError("WAIT_TIMEOUT", params, { cause: error });
  } finally {
    api?.close();
    await transport?.close();
  }
}
