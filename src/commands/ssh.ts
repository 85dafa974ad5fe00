import process from "node:process";
import { BaseCommand, nodeFlag } from "../cli/base-command.ts";
import { foreignWords } from "../cli/command-line.ts";

export default class Ssh extends BaseCommand<typeof Ssh> {
  static override summary = "Log in to the machine as root, or run a command in it";
  static override description =
    "Words after -- are passed to the program unchanged; a single quoted text is a script for the machine's shell. Standard input, output and the exit code pass through; 255 means that ssh itself failed.";
  static override examples = [
    "<%= config.bin %> ssh",
    "<%= config.bin %> ssh -- systemctl status kubelet",
    "<%= config.bin %> ssh -p two -- 'journalctl -u etcd | tail -3'",
    "<%= config.bin %> ssh -- tar -C /etc -c kubernetes > kubernetes.tar",
  ];
  static override flags = { node: nodeFlag() };
  static override strict = false;
  static override exits = { 255: "ssh failed; any other code is the command's own" };

  protected override async init(): Promise<void> {
    this.argv = foreignWords(this.argv, ["--node"]);
    await super.init();
  }

  override async run(): Promise<void> {
    const { shell } = await import("../cluster/machine/shell.ts");
    const { stdin, stdout, stderr } = process;
    const onTerminal = stdin.isTTY && stdout.isTTY && stderr.isTTY;
    const request = { name: this.flags.profile, node: this.flags.node, words: this.words, onTerminal };
    process.exitCode = await shell(request, this.quietUseCase());
  }
}
