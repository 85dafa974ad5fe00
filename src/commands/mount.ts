import process from "node:process";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand, nodeFlag } from "../cli/base-command.ts";
import { mountId, mountTypeNames, offeredType } from "../cluster/mount/mount-request.ts";
import type { Mount as MountWish, Mounted } from "../cluster/mount/mount.ts";
import { parseMount } from "../spec/parse/mounts.ts";

export default class Mount extends BaseCommand<typeof Mount> {
  static override summary = "Mount a folder of this computer in the machine until Ctrl-C";
  static override description =
    "HOST is a folder of this computer, GUEST one of the machine, where pods reach it as a hostPath volume. By default it is mounted by sshfs through the SSH connection: nothing listens anywhere, and the machine reaches nothing of this computer but the folder. What each way cannot do is in docs/mount.md.";
  static override examples = [
    "<%= config.bin %> mount ./src:/src",
    "<%= config.bin %> mount ./src:/src --uid 1000 --gid 1000 --background",
    "<%= config.bin %> mount '/home/me/my data:/data' --read-only",
  ];
  static override args = {
    mount: Args.string({
      description: "Folder of this computer, a colon, and a folder of the machine",
      required: true,
    }),
  };
  static override flags = {
    type: Flags.string({
      summary: `How: ${mountTypeNames.join(", ")}`,
      helpValue: "TYPE",
      default: "auto",
    }),
    "read-only": Flags.boolean({ summary: "The machine cannot change anything" }),
    uid: Flags.integer({
      summary: "Number of the user who owns everything in the machine; default: the folder's owner here",
      helpValue: "NUMBER",
      min: 0,
      max: 0xfffffffe,
    }),
    gid: Flags.integer({
      summary: "The same for the group",
      helpValue: "NUMBER",
      min: 0,
      max: 0xfffffffe,
    }),
    over: Flags.boolean({ summary: "Although there are files in the folder of the machine" }),
    "follow-links": Flags.boolean({
      summary: "Let links in the folder lead to other files of this computer",
    }),
    background: Flags.boolean({ summary: "Leave it to a process in the background" }),
    node: nodeFlag(),
  };

  override async run(): Promise<void> {
    const { flags } = this;
    const { host, guest } = parseMount(this.args.mount, process.cwd());
    const { uid, gid, over: isOver } = flags;
    const wish: MountWish = {
      name: flags.profile,
      node: flags.node,
      type: offeredType(flags.type),
      settings: {
        ...{ host, guest, uid, gid, isOver },
        isReadOnly: flags["read-only"],
        followsLinks: flags["follow-links"],
      },
    };
    const id = mountId(wish.node, guest);
    const background = await import("../cluster/background/keep.ts");
    if (flags.background && !background.staysInBackground()) {
      const work = { kind: "mount", id } as const;
      const detail = await background.leaveInBackground(wish.name, work, this.quietUseCase());
      return this.#tell(detail as unknown as Mounted, "background");
    }
    const { mount } = await import("../cluster/mount/mount.ts");
    if (flags.background)
      return background.keepInBackground(wish.name, this.quietUseCase(), (context, begun) =>
        mount(wish, context, (mounted) =>
          begun({ kind: "mount", id, what: clause(mounted), detail: { ...mounted } }),
        ),
      );
    await mount(wish, this.quietUseCase(), (mounted) => Promise.resolve(this.#tell(mounted, "here")));
  }

  #tell(mounted: Mounted, staying: "here" | "background"): void {
    const { guest, name } = mounted;
    this.print(mounted, () =>
      staying === "here"
        ? `${clause(mounted)}; Ctrl-C ends it`
        : `${clause(mounted)}; to end it: localkube mount remove ${guest} -p ${name}`,
    );
    if (this.flags.output === "text") process.stderr.write(`${limits[mounted.type]}\n`);
  }
}

const clause = ({ host, guest, type, readOnly }: Mounted): string =>
  `${host} is ${type === "sync" ? "copied to" : "mounted at"} ${guest} in the machine${readOnly ? ", read-only" : ""} (${type})`;

const limits: Readonly<Record<Mounted["type"], string>> = {
  sshfs:
    "Programs in the machine are not told of changes made here (inotify), and owners cannot be changed; for hot reload: --type sync; for a database: a PersistentVolumeClaim",
  sync: "What the machine changes there is not copied back, and is overwritten when the file changes here",
};
