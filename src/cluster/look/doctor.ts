import { leftovers } from "../../host/doctor/checks/leftovers.ts";
import { type DoctorReport, runDoctor } from "../../host/doctor/run-doctor.ts";
import { builtInNames, driverNames, loadDriver, probeDrivers } from "../../machine/driver-registry.ts";
import { listClusters } from "../../state/store.ts";
import { driverChecks, installedDriverChecks, leftoverMachines } from "./doctor-drivers.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/** All host checks, one check per driver, and machines that belong to no profile. Read-only; ends within 10 s. */
export function doctor(context: UseCaseContext): Promise<DoctorReport> {
  const { host } = context;
  const probed = probeDrivers(host);
  // Each check that waits for it reports its failure.
  probed.catch(() => undefined);
  const findLeftovers = async () => {
    // The check `folders` reports a state folder that cannot be read; it is unknown then to whom the machines belong.
    const clusters = await listClusters(host).catch(() => undefined);
    return clusters ? leftoverMachines(await probed, clusters, host, context) : [];
  };
  const installed = driverNames.filter((name) => !builtInNames.includes(name));
  return runDoctor(host, [
    ...driverChecks(builtInNames, probed),
    ...installedDriverChecks(installed, loadDriver),
    leftovers(findLeftovers),
  ]);
}
