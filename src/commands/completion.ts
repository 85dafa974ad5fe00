import * as Args from "@oclif/core/args";
import process from "node:process";
import { BaseCommand } from "../cli/base-command.ts";
import { completionModel, type CompletionNode } from "../cli/completion/completion-model.ts";

/** Each shell's script is made by a file of its own, loaded when it is asked for. */
const writers = {
  bash: async () => (await import("../cli/completion/bash-completion.ts")).bashCompletion,
  zsh: async () => (await import("../cli/completion/zsh-completion.ts")).zshCompletion,
  fish: async () => (await import("../cli/completion/fish-completion.ts")).fishCompletion,
  powershell: async () => (await import("../cli/completion/powershell-completion.ts")).powershellCompletion,
} satisfies Record<string, () => Promise<(nodes: readonly CompletionNode[]) => string>>;

export default class Completion extends BaseCommand<typeof Completion> {
  static override summary = "Print a script that completes commands and flags in your shell";
  static override examples = [
    { description: "bash, now and in ~/.bashrc", command: "source <(<%= config.bin %> completion bash)" },
    { description: "zsh, after compinit", command: "source <(<%= config.bin %> completion zsh)" },
    { description: "fish", command: "<%= config.bin %> completion fish | source" },
    {
      description: "PowerShell",
      command: "<%= config.bin %> completion powershell | Out-String | Invoke-Expression",
    },
  ];
  static override args = {
    shell: Args.string({
      description: "Your shell",
      required: true,
      options: Object.keys(writers),
    }),
  };

  protected override doesWithoutSettings(): boolean {
    return true;
  }

  override async run(): Promise<void> {
    const plugin = [...this.config.plugins.values()][0];
    const write = await writers[this.args.shell as keyof typeof writers]();
    const script = write(completionModel(plugin?.commands ?? [], plugin?.topics ?? []));
    if (this.flags.output === "json") this.print({ shell: this.args.shell, script }, () => "");
    else process.stdout.write(script);
  }
}
