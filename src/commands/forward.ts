import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";

export default class Forward extends BaseCommand<typeof Forward> {
  static override summary = "Forward a Service or node port to a local port until Ctrl-C";
  static override description =
    "Uses the SSH connection, so it works with every driver; listens on 127.0.0.1 only. TARGET is the name of a Service (with :PORT, number or name, when it has several) or the number of a NodePort.";
  static override examples = [
    "<%= config.bin %> forward web",
    "<%= config.bin %> forward web:http -n shop --port 8080",
    "<%= config.bin %> forward 30080",
  ];
  static override args = {
    target: Args.string({ description: "Service[:PORT] or number of a node port", required: true }),
  };
  static override flags = {
    namespace: Flags.string({
      char: "n",
      helpValue: "NAME",
      summary: "Namespace of the Service",
      default: "default",
    }),
    port: Flags.integer({
      helpValue: "NUMBER",
      summary: "Port of this host; 0 takes any free one",
      default: 0,
      min: 0,
      max: 65_535,
    }),
  };

  override async run(): Promise<void> {
    const { forward } = await import("../cluster/machine/forward.ts");
    const { namespace, port: localPort } = this.flags;
    const request = { name: this.flags.profile, target: this.args.target, namespace, localPort };
    await forward(request, this.quietUseCase(), (forwarded) =>
      this.print(
        forwarded,
        () => `127.0.0.1:${forwarded.port} leads to ${this.args.target} of ${forwarded.name}; Ctrl-C ends it`,
      ),
    );
  }
}
