import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import type { CheckedCall } from "../../cluster/runtime/check.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { textTable } from "../../output/text-table.ts";

export default class RuntimeCheckCommand extends BaseCommand<typeof RuntimeCheckCommand> {
  static override summary = "Check the node's container runtime, one CRI call after the other";
  static override description =
    "Makes each call of the Container Runtime Interface that is safe on a node in use, in a sandbox and with an image of its own, and removes all it made, also after Ctrl-C; what a killed check left is removed by the next one. While it runs, there is a pod localkube-runtime-check in kube-system that never starts. In the table, a call that the kubelet of the cluster's Kubernetes version does not need is marked 'not needed'.";
  static override examples = [
    "<%= config.bin %> runtime check",
    "<%= config.bin %> runtime check -p two --output json",
  ];
  static override flags = { node: nodeFlag() };
  static override exits = { 70: "a call that the kubelet needs does not work, or could not be tried" };

  override async run(): Promise<void> {
    const { checkRuntime, failedCalls } = await import("../../cluster/runtime/check.ts");
    const found = await checkRuntime(
      { name: this.flags.profile, node: this.flags.node },
      await this.useCase(),
    );
    const { runtime, api, calls, kubernetesVersion, node } = found;
    this.print(found, () =>
      [
        `${runtime.name} ${runtime.version}, CRI ${api}, Kubernetes ${kubernetesVersion}`,
        "",
        textTable(["CALL", "RESULT", "MILLISECONDS", "PROBLEM"], calls.map(row)),
      ].join("\n"),
    );
    const failed = failedCalls(found);
    if (failed.length === 0) return;
    const first = failed.filter(({ without }) => without === undefined);
    const names = (first.length > 0 ? first : failed).map(({ call }) => call).join(", ");
    throw new LocalkubeError("CRI_CHECK_FAILED", { node, version: kubernetesVersion, calls: names });
  }
}

const row = ({ call, result, status, problem, milliseconds, needed }: CheckedCall): readonly string[] => [
  call,
  needed || result === "ok" ? result : `${result} (not needed)`,
  String(milliseconds),
  // One line, whatever the server says.
  [result === "unimplemented" ? undefined : status, problem]
    .filter((text) => text !== undefined)
    .join(": ")
    .replace(/\s+/g, " "),
];
