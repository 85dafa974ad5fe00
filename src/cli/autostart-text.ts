import type { Autostart } from "../cluster/autostart/autostart.ts";

/** One line, plus a second where starting at host boot would not work by itself. */
export function autostartText({ name, enabled, unit, lingers }: Autostart): string {
  if (!enabled) return `Cluster ${name} does not start by itself`;
  const when = lingers ? "with this host" : "when you log in";
  return [
    `Cluster ${name} starts ${when} (${unit})`,
    ...(lingers ? [] : ["To start it at boot, without a login: loginctl enable-linger"]),
  ].join("\n");
}
