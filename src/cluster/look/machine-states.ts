import type { MachineState } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { loadDriver } from "../../machine/driver-registry.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

/** The current state of each cluster's machine, in the given order; `unknown` where its driver does not answer. Read-only. */
export const machineStates = (
  records: readonly ClusterRecord[],
  context: UseCaseContext,
): Promise<readonly MachineState[]> => Promise.all(records.map((record) => machineState(record, context)));

async function machineState(
  { machine, driver }: ClusterRecord,
  context: UseCaseContext,
): Promise<MachineState> {
  if (!machine) return "absent";
  try {
    return await (await loadDriver(driver)).open(context.host).state(machine, quietly(context));
  } catch (error) {
    // A list shows what is known; `status` explains what is wrong.
    if (error instanceof LocalkubeError && error.id !== "INTERRUPTED") return "unknown";
    throw error;
  }
}
