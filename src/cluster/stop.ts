import { withProfileLock } from "../state/lock.ts";
import { saveCluster } from "../state/store.ts";
import { closeApiTunnel } from "./api-tunnel.ts";
import { openCluster } from "./open-cluster.ts";
import { notice, quietly, type UseCaseContext } from "./use-case.ts";

export interface StopResult {
  readonly name: string;
  /** False when it was not running. */
  readonly stopped: boolean;
}

/** Powers the machine off gracefully, by force after `graceSeconds`; all data stays. Idempotent. */
export async function stop(name: string, graceSeconds: number, context: UseCaseContext): Promise<StopResult> {
  const lock = {
    command: "localkube stop",
    signal: context.signal,
    onWait: (text: string) => notice(context, text),
  };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const { record, driver, paths } = await openCluster(name, context);
    const c = { ...quietly(context), signal, graceMs: graceSeconds * 1000 };
    const before = record.machine ? await driver.state(record.machine, c) : "absent";
    if (record.machine) {
      await closeApiTunnel(record.machine, { ...context, signal, paths });
      await driver.stop(record.machine, c);
    }
    if (record.phase !== "creating" && record.phase !== "deleting")
      await saveCluster(context.host, { ...record, phase: "stopped" });
    return { name, stopped: before !== "stopped" && before !== "absent" };
  });
}
