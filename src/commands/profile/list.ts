import { BaseCommand } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";
import type { MachineState } from "../../contract/driver.ts";
import type { NodeRole } from "../../contract/node.ts";
import type { ListedCluster } from "../../state/store.ts";

interface ListedProfile {
  readonly name: string;
  /** Commands without `--profile` use it. */
  readonly current: boolean;
  readonly driver?: string;
  readonly runtime?: string;
  readonly kubernetesVersion?: string;
  /** The cluster's state as the last command left it. */
  readonly phase?: string;
  /** The current state of its machine according to the hypervisor: `running` when those of all nodes are, else the first that is not. */
  readonly machine?: MachineState;
  readonly nodes?: readonly {
    readonly name: string;
    readonly role: NodeRole;
    readonly machine: MachineState;
  }[];
  /** Why its state is unknown. */
  readonly problem?: string;
}

export default class ProfileList extends BaseCommand<typeof ProfileList> {
  static override summary = "List the clusters on this machine";
  static override examples = [
    "<%= config.bin %> profile list",
    "<%= config.bin %> profile list --output json",
  ];

  /** The list tells the names with which other commands do without the settings. */
  protected override doesWithoutSettings(): boolean {
    return true;
  }

  override async run(): Promise<void> {
    const { listClusters } = await import("../../state/store.ts");
    const clusters = await listClusters(this.host);
    const { machineStates } = await import("../../cluster/look/machine-states.ts");
    const records = clusters.flatMap((cluster) => ("record" in cluster ? [cluster.record] : []));
    const states = await machineStates(records, this.quietUseCase());
    const statesOf = new Map(records.map(({ spec }, index) => [spec.name, states[index] ?? []]));
    const isKnown = this.settingsAreReadable || this.sources["profile"] !== "default";
    const current = isKnown ? this.flags.profile : undefined;
    const profiles = clusters.map((cluster) => describe(cluster, statesOf, current));
    this.print({ profiles }, () => table(profiles));
  }
}

function describe(
  cluster: ListedCluster,
  statesOf: ReadonlyMap<string, readonly MachineState[]>,
  /** Undefined when the settings, which choose it, cannot be read. */
  current: string | undefined,
): ListedProfile {
  const known = { name: cluster.name, current: cluster.name === current };
  if ("problem" in cluster) return { ...known, problem: cluster.problem.message };
  const { driver, runtime, kubernetesVersion, phase } = cluster.record;
  const states = statesOf.get(cluster.name) ?? [];
  const nodes = cluster.record.nodes.map(({ name, role }, index) => ({
    name,
    role,
    machine: states[index] ?? "unknown",
  }));
  return {
    ...known,
    driver,
    runtime,
    kubernetesVersion,
    phase,
    machine: nodes.map(({ machine }) => machine).find((machine) => machine !== "running") ?? "running",
    nodes,
  };
}

function table(profiles: readonly ListedProfile[]): string {
  if (profiles.length === 0) return "There are no clusters; create one with: localkube start";
  const rows = profiles.map(({ name, current, driver, runtime, kubernetesVersion, machine, problem }) => [
    `${current ? "*" : " "} ${name}`,
    driver ?? "",
    runtime ?? "",
    kubernetesVersion ?? "",
    problem ?? machine ?? "",
  ]);
  return textTable(["  PROFILE", "DRIVER", "RUNTIME", "KUBERNETES", "MACHINE"], rows);
}
