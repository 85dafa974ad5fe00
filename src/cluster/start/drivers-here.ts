import { probeDrivers } from "../../machine/driver-registry.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

/** Includes drivers that are not usable here: a hypervisor that was uninstalled may have left machines that are only files now. */
export const openDrivers = async ({ host }: UseCaseContext) =>
  (await probeDrivers(host)).map((probed) => ({ ...probed, driver: probed.definition.open(host) }));

export interface MachineList {
  readonly driver: string;
  /** Machines of this state folder. */
  readonly names: readonly string[];
  /** Why a usable driver could not list its machines. */
  readonly failure?: unknown;
}

/** The machines of this state folder by driver, recorded or not. Read-only. */
export async function machineLists(context: UseCaseContext): Promise<readonly MachineList[]> {
  const c = quietly(context);
  const lists = (await openDrivers(context)).map(
    async ({ definition, driver, probe }): Promise<MachineList> => {
      try {
        const names = (await driver.list(c)).flatMap(({ name, home }) => (home === undefined ? [name] : []));
        return { driver: definition.name, names };
      } catch (failure) {
        context.signal.throwIfAborted();
        return { driver: definition.name, names: [], ...(probe.usable ? { failure } : {}) };
      }
    },
  );
  return Promise.all(lists);
}
