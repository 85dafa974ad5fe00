import process from "node:process";
import { BaseCommand } from "../cli/base-command.ts";

export default class Version extends BaseCommand<typeof Version> {
  static override summary = "Print the versions of localkube and of the Node.js that runs it";
  static override examples = ["<%= config.bin %> version", "<%= config.bin %> version --output json"];

  protected override doesWithoutSettings(): boolean {
    return true;
  }

  override run(): Promise<void> {
    const result = {
      version: this.config.version,
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    };
    this.print(result, () => `localkube ${result.version}\nNode.js ${result.node}\n${result.platform}`);
    return Promise.resolve();
  }
}
