import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import { textTable } from "../../output/text-table.ts";

export default class MountList extends BaseCommand<typeof MountList> {
  static override summary = "List the folders of this computer that are mounted in the machines";
  static override examples = ["<%= config.bin %> mount list", "<%= config.bin %> mount list --output json"];
  static override flags = { node: nodeFlag("all that run") };

  override async run(): Promise<void> {
    const { listMounts } = await import("../../cluster/mount/manage.ts");
    const { profile: name, node } = this.flags;
    const mounts = await listMounts(name, node, this.quietUseCase());
    this.print({ name, mounts }, () =>
      mounts.length === 0
        ? "Nothing is mounted"
        : textTable(
            ["NODE", "HOST", "GUEST", "TYPE", "STATE", "BY"],
            mounts.map((one) => [
              one.node,
              shown(one.host),
              shown(one.guest),
              one.readOnly ? `${one.type}, read-only` : one.type,
              one.state === "left" ? "its process has ended" : one.state,
              one.by,
            ]),
          ),
    );
  }
}

/** A cell has no line breaks. */
const shown = (path: string): string => path.replaceAll(/[\n\r\t]/g, "?");
