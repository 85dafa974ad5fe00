import { BaseCommand } from "../cli/base-command.ts";

export default class Ip extends BaseCommand<typeof Ip> {
  static override summary = "Print the node's address, where NodePorts answer";
  static override examples = ["<%= config.bin %> ip", "curl http://$(<%= config.bin %> ip):30080/"];

  override async run(): Promise<void> {
    const { openCluster, runningMachine } = await import("../cluster/access/open-cluster.ts");
    const machine = await runningMachine(
      await openCluster(this.flags.profile, this.quietUseCase()),
      this.quietUseCase(),
    );
    this.print({ address: machine.address, reachable: machine.addressReachable }, () => machine.address);
  }
}
