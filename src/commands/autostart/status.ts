import { BaseCommand } from "../../cli/base-command.ts";
import type { Autostart } from "../../cluster/autostart/autostart.ts";

export default class AutostartStatus extends BaseCommand<typeof AutostartStatus> {
  static override summary = "Show whether the cluster starts at boot";
  static override examples = [
    "<%= config.bin %> autostart status",
    "<%= config.bin %> autostart status --output json",
  ];

  override async run(): Promise<void> {
    const { autostart } = await import("../../cluster/autostart/autostart.ts");
    const result = await autostart(this.flags.profile, this.quietUseCase());
    this.print(result, () => autostartText(result));
  }
}

/** One line, plus a second where starting at host boot would not work by itself. */
export function autostartText({ name, enabled, unit, lingers }: Autostart): string {
  if (!enabled) return `Cluster ${name} does not start by itself`;
  const when = lingers ? "with this host" : "when you log in";
  return [
    `Cluster ${name} starts ${when} (${unit})`,
    ...(lingers ? [] : ["To start it at boot, without a login: loginctl enable-linger"]),
  ].join("\n");
}
