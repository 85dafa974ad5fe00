import type { Driver, MachineRef, MachineState } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { loadDriver } from "../../machine/driver-registry.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

/**
 * The current states of the machines of each cluster, in the given order and that of its nodes; `unknown` where the driver does not answer.
 * Read-only.
 */
export const machineStates = (
  records: readonly ClusterRecord[],
  context: UseCaseContext,
): Promise<readonly (readonly MachineState[])[]> =>
  Promise.all(records.map((record) => statesOf(record, context)));

async function statesOf(
  { nodes, driver: name }: ClusterRecord,
  context: UseCaseContext,
): Promise<readonly MachineState[]> {
  if (nodes.every(({ machine }) => !machine)) return nodes.map(() => "absent");
  const c = quietly(context);
  const driver = await loadDriver(name).then((definition) => definition.open(context.host), unanswered);
  return Promise.all(
    nodes.map(async ({ machine }) => (machine ? await stateOf(machine, driver, c) : "absent")),
  );
}

const stateOf = (machine: MachineRef, driver: Driver | undefined, c: RunContext): Promise<MachineState> =>
  Promise.resolve(driver?.state(machine, c).catch(unanswered)).then((state) => state ?? "unknown");

/** A list shows what is known; `status` explains what is wrong. */
function unanswered(error: unknown): undefined {
  if (!(error instanceof LocalkubeError) || error.id === "INTERRUPTED") throw error;
}
