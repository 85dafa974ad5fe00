import * as Args from "@oclif/core/args";
import process from "node:process";
import { ConfigCommand } from "../../cli/config-command.ts";
import { parseValue } from "../../cli/flags-from-environment.ts";
import { loadSettings, saveSettings } from "../../cli/settings.ts";
import type { HostContext } from "../../contract/host.ts";
import type { AnyField } from "../../spec/field.ts";

export default class ConfigSet extends ConfigCommand<typeof ConfigSet> {
  static override summary = "Store the default of a flag";
  static override description =
    "Store the default of a flag. A flag on the command line, its environment variable and a --config file take precedence.";
  static override examples = [
    "<%= config.bin %> config set cpus 4",
    {
      description: "Several values of a repeatable flag",
      command: "<%= config.bin %> config set wait apiserver,node",
    },
  ];
  static override args = {
    key: Args.string({ description: "Name of a flag of start, or of a global one", required: true }),
    value: Args.string({ description: "The text that would follow --KEY=", required: true }),
  };

  override async run(): Promise<void> {
    const { key } = this.args;
    const flag = await this.settingFlag(key);
    const remedy = `See localkube start --help for --${key}`;
    const parsed = await parseValue(flag, this.args.value, { name: `setting ${key}`, remedy });
    const value = await checkedSetting(this.host, key, this.args.value, parsed);
    await saveSettings(this.host, { ...loadSettings(this.host), [key]: value });
    this.print({ key, value }, () => `${key} = ${value}`);
  }
}

/**
 * Returns the text to store for a setting, validated the way `start` validates it. Rejects with the same usage errors as `start`.
 * Paths become absolute, because a setting applies in every folder. `value` is the result of the flag's parser.
 */
async function checkedSetting(host: HostContext, key: string, text: string, value: unknown): Promise<string> {
  const [{ layerFromFlags, resolveSpec }, { specFields }, { specSurroundings }] = await Promise.all([
    import("../../spec/resolve-spec.ts"),
    import("../../spec/fields.ts"),
    import("../../cluster/spec/surroundings.ts"),
  ]);
  const surroundings = specSurroundings();
  // The two networks are also checked against each other.
  const { "service-cidr": serviceCidr, "pod-cidr": podCidr } = loadSettings(host);
  const flags = { "service-cidr": serviceCidr, "pod-cidr": podCidr, [key]: value };
  resolveSpec({ settings: layerFromFlags(flags, surroundings) }, surroundings);
  for (const [name, wish] of Object.entries(layerFromFlags({ [key]: value }, surroundings))) {
    const { inFolder } = specFields[name as keyof typeof specFields] as AnyField;
    const absolute: unknown = inFolder?.(wish, process.cwd(), surroundings);
    if (typeof absolute === "string") return absolute;
    // A flag that may be repeated; a setting has one value of it.
    const [only, ...more] = Array.isArray(absolute) ? (absolute as readonly unknown[]) : [];
    if (typeof only === "string" && more.length === 0) return only;
    // An option of a driver is an entry of a table.
    const option = (absolute as Readonly<Record<string, unknown>> | undefined)?.[key];
    if (typeof option === "string") return option;
  }
  return text;
}
