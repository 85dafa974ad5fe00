import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand, nodeFlag } from "../../cli/base-command.ts";
import { guestFolder } from "../../spec/parse/mounts.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export default class MountRemove extends BaseCommand<typeof MountRemove> {
  static override summary = "End a mount, in whichever process it is served, or clean up what one has left";
  static override description =
    "The folder of this computer is not touched. A copy made by --type sync stays in the machine. One that `start --mount` made is not made again at the next start.";
  static override examples = ["<%= config.bin %> mount remove /src", "<%= config.bin %> mount remove --all"];
  static override args = {
    guest: Args.string({ description: "Folder of the machine", required: false }),
  };
  static override flags = {
    all: Flags.boolean({ summary: "All mounts" }),
    node: nodeFlag("all that run"),
  };

  override async run(): Promise<void> {
    const { all, profile: name, node } = this.flags;
    const { guest } = this.args;
    if (all === (guest !== undefined))
      throw new LocalkubeError("USAGE_INVALID", {
        problem: all ? "--all leaves no folder to name" : "a folder of the machine is missing; or --all",
        command: "mount remove",
      });
    const { removeMounts } = await import("../../cluster/mount/manage.ts");
    const wanted = guest === undefined ? undefined : guestFolder(guest);
    const removed = await removeMounts(name, wanted, node, this.quietUseCase());
    this.print({ name, removed }, () =>
      removed.length === 0
        ? "Nothing was mounted"
        : removed.map((one) => `${one.guest} of ${one.node} is not mounted any more`).join("\n"),
    );
  }
}
