import process from "node:process";
import { BaseCommand } from "../../cli/base-command.ts";

export default class AddonsSchema extends BaseCommand<typeof AddonsSchema> {
  static override summary = "Print the form of addon.yaml as JSON Schema, for editors";
  static override examples = ["<%= config.bin %> addons schema > addon.schema.json"];

  override async run(): Promise<void> {
    const { addonJsonSchema } = await import("../../cluster/addons/look.ts");
    process.stdout.write(`${JSON.stringify(addonJsonSchema(), undefined, 2)}\n`);
  }
}
