import process from "node:process";
import type { NodeStatus } from "../cluster/look/status.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { textTable } from "../output/text-table.ts";

export default class Status extends BaseCommand<typeof Status> {
  static override summary = "Show the state of machine, cluster, kubeconfig and addons";
  static override description =
    "The exit code is a bitmask: 1 machine not running, 2 cluster not healthy or paused, 4 kubeconfig not right; 7 also when there is no cluster. Addons that are degraded or drifted are named, but do not count.";
  static override examples = ["<%= config.bin %> status", "<%= config.bin %> status -p two --output json"];
  static override exits = {
    1: "machine not running",
    2: "cluster not healthy, or paused",
    4: "kubeconfig not right",
    7: "all of these, or no such cluster",
  };

  override async run(): Promise<void> {
    const { status } = await import("../cluster/look/status.ts");
    const result = await status(this.flags.profile, this.quietUseCase());
    const { name, exists, machine, api, node, kubeconfig, diagnosis, tunnel, cost } = result;
    this.print(result, () =>
      exists
        ? [
            `${name} (Kubernetes ${result.kubernetesVersion}, ${result.driver})`,
            `  machine     ${machine}`,
            `  API server  ${api}${tunnel === "gone" ? ": the SSH tunnel to it is gone; localkube start opens it again" : ""}`,
            `  node        ${node}`,
            `  kubeconfig  ${kubeconfig}`,
            ...(result.nodes.length > 1 ? nodeLines(result.nodes) : []),
            ...(api === "paused"
              ? ["", `The cluster is paused. To resume it: localkube unpause -p ${name}`]
              : []),
            ...(result.addons ?? []).map(
              ({ name: addon, state, problem }) => `  addon       ${addon} is ${state}: ${problem}`,
            ),
            ...(cost ? [`  cost        ${cost.text}`] : []),
            ...(diagnosis ? ["", diagnosis] : []),
          ].join("\n")
        : `There is no cluster ${name}`,
    );
    process.exitCode = result.exitCode;
  }
}

const nodeLines = (nodes: readonly NodeStatus[]): readonly string[] => [
  "",
  ...textTable(
    ["  NODE", "ROLE", "MACHINE", "STATE", "ADDRESS"],
    nodes.map(({ name, role, machine, node, address }) => [`  ${name}`, role, machine, node, address ?? ""]),
  ).split("\n"),
];
