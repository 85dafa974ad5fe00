import { CommandTable } from "./command-table.ts";
import { CommandLineHelp } from "./help.ts";
import { fullConfig } from "./open-config.ts";
import { packageJson } from "./package-json.ts";

/** The output of `localkube --help` without colours; stored by the build, so that the launcher need not load anything. */
export async function rootHelp(): Promise<string> {
  const config = await fullConfig(CommandTable.open(packageJson()));
  const lines: string[] = [];
  const help = new (class extends CommandLineHelp {
    protected override log(...args: string[]): void {
      lines.push(args.join(" "));
    }
  })(config, { stripAnsi: true });
  await help.showHelp([]);
  return `${lines.join("\n").trimEnd()}\n`;
}
