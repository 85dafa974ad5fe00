import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";

export default class ServiceList extends BaseCommand<typeof ServiceList> {
  static override summary = "List Services with their ports, and how many of their pods are ready";
  static override examples = [
    "<%= config.bin %> service list",
    "<%= config.bin %> service list -n shop --output json",
  ];
  static override flags = {
    namespace: Flags.string({ char: "n", helpValue: "NAME", summary: "Only of this namespace" }),
  };

  override async run(): Promise<void> {
    const { listServices } = await import("../../cluster/services/reach-services.ts");
    const { profile: name, namespace } = this.flags;
    const services = await listServices(name, namespace, this.quietUseCase());
    this.print({ name, services }, () =>
      textTable(
        ["NAMESPACE", "NAME", "TYPE", "READY", "PORTS"],
        services.map((one) => [
          one.namespace,
          one.name,
          one.type,
          String(one.ready),
          one.ports
            .map(({ name: port, port: number, protocol, nodePort }) => {
              const called = port === "" ? String(number) : `${port}:${number}`;
              const kind = protocol === "TCP" ? "" : `/${protocol}`;
              return `${called}${kind}${nodePort === 0 ? "" : ` (node ${nodePort})`}`;
            })
            .join(", "),
        ]),
      ),
    );
  }
}
