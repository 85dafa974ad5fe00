import * as Flags from "@oclif/core/flags";
import { BaseCommand, nodeFlag } from "../cli/base-command.ts";
import { environmentText, shellOf, shells } from "../output/shell-environment.ts";

export default class DockerEnv extends BaseCommand<typeof DockerEnv> {
  static override summary = "Print what points this host's docker client at a node's docker";
  static override description =
    "For clusters with --runtime docker: what docker build makes is an image of the node at once. Works over SSH (DOCKER_HOST=ssh://…) with localkube's key and the machine's pinned host key. A docker client runs ssh without naming a key, so a folder with an ssh of ours is put in front of PATH; it passes on everything that is not for that node, and your own files in ~/.ssh stay as they are. Variables that would win over DOCKER_HOST are unset; --unset gives back what they were. Run it again after the cluster was stopped and started: the port may have changed.";
  static override examples = [
    'eval "$(<%= config.bin %> docker-env)"',
    'eval "$(<%= config.bin %> docker-env --unset)"',
    "<%= config.bin %> docker-env -p two --shell fish | source",
    "<%= config.bin %> docker-env --shell powershell | Out-String | Invoke-Expression",
  ];
  static override flags = {
    node: nodeFlag(),
    shell: Flags.option({ options: shells })({
      summary: "Shell to print for; default: yours",
      helpValue: shells.join("|"),
    }),
    unset: Flags.boolean({ summary: "Print what takes it back, for whichever cluster it was" }),
  };

  override async run(): Promise<void> {
    const { dockerEnv, takingBack } = await import("../cluster/machine/docker-env.ts");
    const { notice } = await import("../cluster/access/use-case.ts");
    const { profile: name, node, unset } = this.flags;
    const context = this.quietUseCase();
    const found = unset ? undefined : await dockerEnv({ name, node }, context);
    const change = found ? found.change : takingBack(this.host);
    if (!change)
      notice(context, "DOCKER_HOST was not set by localkube docker-env; there is nothing to take back");
    const { set = {}, unset: removed = [], path } = change ?? {};
    const whole = { ...set, ...(path ? { PATH: path.value } : {}) };
    const { node: ofNode, version } = found ?? {};
    const about = found ? { name, node: ofNode, version } : {};
    this.print({ ...about, set: whole, unset: removed }, () =>
      change ? environmentText(this.flags.shell ?? shellOf(this.host), change, this.#command()) : "",
    );
  }

  /** What was typed, without what the default is. */
  #command(): string {
    const { profile, node, unset, shell } = this.flags;
    return [
      "localkube docker-env",
      ...(unset ? ["--unset"] : ["-p", profile, ...(node === undefined ? [] : ["--node", node])]),
      ...(shell === undefined ? [] : ["--shell", shell]),
    ].join(" ");
  }
}
