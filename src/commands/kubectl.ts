import process from "node:process";
import { BaseCommand } from "../cli/base-command.ts";
import { foreignWords } from "../cli/command-line.ts";

export default class Kubectl extends BaseCommand<typeof Kubectl> {
  static override summary = "Run the kubectl of the cluster's own version, as its administrator";
  static override description =
    "Always uses the profile's cluster, whatever KUBECONFIG or its current context say. Words after -- are passed to kubectl unchanged; standard input, output and the exit code pass through.";
  static override examples = [
    "<%= config.bin %> kubectl -- get pods -A",
    "<%= config.bin %> kubectl -p two -- apply -f deployment.yaml",
    "<%= config.bin %> kubectl -- exec -it web -- sh",
    "cat pod.yaml | <%= config.bin %> kubectl -- apply -f -",
  ];
  static override strict = false;

  protected override async init(): Promise<void> {
    this.argv = foreignWords(this.argv);
    await super.init();
  }

  override async run(): Promise<void> {
    const { kubectl } = await import("../cluster/kubectl/kubectl.ts");
    const { stdin, stdout, stderr } = process;
    const onTerminal = stdin.isTTY && stdout.isTTY && stderr.isTTY;
    const request = { name: this.flags.profile, words: this.words, onTerminal };
    process.exitCode = await kubectl(request, this.quietUseCase());
  }
}
