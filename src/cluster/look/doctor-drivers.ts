import type { DriverDefinition, Probe } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import { fail, type HostCheck, ok, warn } from "../../host/doctor/host-check.ts";
import type { Leftover } from "../../host/doctor/checks/leftovers.ts";
import type { ListedCluster } from "../../state/store.ts";
import { profileOf } from "../access/reach.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

/** A driver and what it reports about this host. */
export interface ProbedDriver {
  readonly definition: DriverDefinition;
  readonly probe: Probe;
}

/** One check per driver. An unusable driver is a failure only when no other one is usable: most hosts have podman or docker, not both. */
export function driverChecks(
  names: readonly string[],
  probed: Promise<readonly ProbedDriver[]>,
): readonly HostCheck[] {
  return names.map((name) => ({
    id: `driver-${name}`,
    title: `Driver ${name}`,
    async run() {
      const drivers = await probed;
      const probe = drivers.find(({ definition }) => definition.name === name)?.probe;
      if (probe?.usable)
        return ok(
          [probe.version ? `${name} ${probe.version} can be used` : "it can be used", probe.note ?? []]
            .flat()
            .join(", "),
        );
      const report = drivers.some(countsHere) ? warn : fail;
      return report(probe?.problem ?? "it does not answer", probe?.fix ?? `Install ${name}`);
    },
  }));
}

/** One check per driver from npm. None of them is needed, so a broken package is a warning. */
export const installedDriverChecks = (
  names: readonly string[],
  load: (name: string) => Promise<DriverDefinition>,
): readonly HostCheck[] =>
  names.map((name) => ({
    id: `driver-${name}`,
    title: `Driver ${name}`,
    async run(host) {
      try {
        const definition = await load(name);
        const { usable, version, note, problem, fix } = await definition.probe(host);
        if (!usable) return warn(problem ?? "it does not answer", fix ?? `Install ${name}`);
        return ok(
          [version ? `${name} ${version} can be used` : "it can be used", note ?? definition.summary].join(
            ", ",
          ),
        );
      } catch (error) {
        const known = error instanceof LocalkubeError;
        return warn((error as Error).message, known ? error.fix : "Report that to the author of the driver");
      }
    },
  }));

/** A driver that needs a machine or an account elsewhere says nothing about this host. */
const countsHere = ({ definition, probe }: ProbedDriver): boolean =>
  probe.usable && definition.priority !== "named";

/** Machines with our label that belong to no profile of this user. */
export async function leftoverMachines(
  drivers: readonly ProbedDriver[],
  clusters: readonly ListedCluster[],
  host: HostContext,
  context: UseCaseContext,
): Promise<readonly Leftover[]> {
  const known = new Set<string | undefined>(clusters.map(({ name }) => name));
  const usable = drivers.filter(({ probe }) => probe.usable);
  const found = usable.map(async ({ definition }) => {
    const machines = await definition.open(host).list(quietly(context));
    return machines
      .filter(({ name, home }) => home !== undefined || !known.has(profileOf(name)))
      .map(({ name, home }) => ({ driver: definition.name, name, ...(home === undefined ? {} : { home }) }));
  });
  return (await Promise.all(found)).flat();
}
