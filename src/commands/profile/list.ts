import { BaseCommand } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";
import type { ListedCluster } from "../../state/store.ts";

interface ListedProfile {
  readonly name: string;
  /** Commands without `--profile` work on it. */
  readonly current: boolean;
  readonly driver?: string;
  readonly runtime?: string;
  readonly kubernetesVersion?: string;
  /** What the last command made of the cluster. */
  readonly phase?: string;
  /** Why nothing is known of it. */
  readonly problem?: string;
}

export default class ProfileList extends BaseCommand<typeof ProfileList> {
  static override summary = "List the clusters on this machine";
  static override examples = [
    "<%= config.bin %> profile list",
    "<%= config.bin %> profile list --output json",
  ];

  override async run(): Promise<void> {
    const { listClusters } = await import("../../state/store.ts");
    const clusters = await listClusters(this.host);
    const profiles = clusters.map((cluster) => describe(cluster, this.flags.profile));
    this.print({ profiles }, () => table(profiles));
  }
}

function describe(cluster: ListedCluster, current: string): ListedProfile {
  const known = { name: cluster.name, current: cluster.name === current };
  if ("problem" in cluster) return { ...known, problem: cluster.problem.message };
  const { driver, runtime, kubernetesVersion, phase } = cluster.record;
  return { ...known, driver, runtime, kubernetesVersion, phase };
}

function table(profiles: readonly ListedProfile[]): string {
  if (profiles.length === 0) return "There are no clusters; make one with: localkube start";
  const rows = profiles.map(({ name, current, driver, runtime, kubernetesVersion, phase, problem }) => [
    `${current ? "*" : " "} ${name}`,
    driver ?? "",
    runtime ?? "",
    kubernetesVersion ?? "",
    problem ?? phase ?? "",
  ]);
  return textTable(["  PROFILE", "DRIVER", "RUNTIME", "KUBERNETES", "PHASE"], rows);
}
