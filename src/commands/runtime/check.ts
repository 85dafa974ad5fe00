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
        textTable(["CALL", "RESULT", "MILLISECONDS"], calls.map(row)),
      ].join("\n"),
    );
    const failed = failedCalls(found).map(({ call }) => call);
    if (failed.length > 0)
      throw new LocalkubeError("CRI_CHECK_FAILED", {
        node,
        version: kubernetesVersion,
        calls: failed.join(", "),
      });
  }
}

const row = ({ call, result, status, problem, milliseconds, needed }: CheckedCall): readonly string[] => {
  const told = [status, problem]
    .filter((text) => text !== undefined && result !== "unimplemented")
    .join(": ");
  const outcome = `${result}${needed || result === "ok" ? "" : " (not needed)"}`;
  return [call, told === "" ? outcome : `${outcome}: ${told.replace(/\s+/g, " ")}`, String(milliseconds)];
};
