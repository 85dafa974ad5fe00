import { BaseCommand, nodeFlag } from "../cli/base-command.ts";

export default class Ip extends BaseCommand<typeof Ip> {
  static override summary = "Print the node's address, where NodePorts answer";
  static override examples = ["<%= config.bin %> ip", "curl http://$(<%= config.bin %> ip):30080/"];
  static override flags = { node: nodeFlag() };

  override async run(): Promise<void> {
    const { nodeOf, openCluster, runningMachine } = await import("../cluster/access/open-cluster.ts");
    const cluster = await openCluster(this.flags.profile, this.quietUseCase());
    const machine = await runningMachine(nodeOf(cluster, this.flags.node), this.quietUseCase());
    this.print({ address: machine.address, reachable: machine.addressReachable }, () => machine.address);
  }
}
