import * as Flags from "@oclif/core/flags";
import process from "node:process";
import { BaseCommand, nodeFlag } from "../cli/base-command.ts";
import type { LogSink } from "../cluster/logs/guest.ts";

interface Section {
  readonly component: string;
  readonly lines: string[];
}

export default class Logs extends BaseCommand<typeof Logs> {
  static override summary = "Show the logs of the cluster's components and of the last start";
  static override description =
    "COMPONENT is any of start (what the last localkube start did), etcd, apiserver, controller-manager, scheduler, kubelet, proxy, runtime (all services of the container runtime, each of which may also be named) and pods (those of kube-system); default: all. When the machine does not run, the logs of this host are shown.";
  static override examples = [
    "<%= config.bin %> logs",
    "<%= config.bin %> logs --problems",
    "<%= config.bin %> logs kubelet runtime --follow",
    "<%= config.bin %> logs --lines 10000 --file cluster.log",
    "<%= config.bin %> logs apiserver --output json",
  ];
  static override usage = "logs [COMPONENT…] [--node NODE] [--follow] [--problems] [--lines N] [--file FILE]";
  static override strict = false;
  static override flags = {
    node: nodeFlag(),
    follow: Flags.boolean({ char: "f", summary: "Follow the log until Ctrl-C" }),
    problems: Flags.boolean({ summary: "Show only errors and warnings" }),
    lines: Flags.integer({
      char: "n",
      summary: "Last lines of each component",
      helpValue: "N",
      default: 60,
      min: 1,
    }),
    file: Flags.string({ summary: "Write the logs to a file (mode 0600) instead", helpValue: "FILE" }),
  };

  override async run(): Promise<void> {
    const { logs, followLogs } = await import("../cluster/logs/logs.ts");
    const { profile, node, lines, problems, follow, file } = this.flags;
    const request = { name: profile, node, words: this.words, lines, problems };
    if (follow)
      return this.toOutput((write) => followLogs(request, this.follower(write), this.quietUseCase()));
    if (this.flags.output === "text")
      return this.toOutput((write) => logs(request, reader(write), this.quietUseCase()));
    const sections: Section[] = [];
    const sink: LogSink = {
      section: (component) => sections.push({ component, lines: [] }),
      line: (line) => sections.at(-1)?.lines.push(line),
    };
    const result = await logs(request, sink, this.quietUseCase());
    if (file === undefined) return this.print({ ...result, sections }, () => "");
    return this.toOutput((write) => write(JSON.stringify({ ...result, sections }, undefined, 2)));
  }

  private follower(write: (line: string) => void): LogSink {
    const isText = this.flags.output === "text";
    return {
      section: () => undefined,
      line: (line) => write(isText ? line : JSON.stringify({ line })),
    };
  }

  /** Lines are written to the file or to standard output; when the reader exits (`| head`), our signal ends the work. */
  private async toOutput(work: (write: (line: string) => void) => unknown): Promise<void> {
    const { file } = this.flags;
    if (file === undefined) {
      await work((line) => void process.stdout.write(`${line}\n`));
      return;
    }
    const { logsFile } = await import("../output/logs-output.ts");
    const target = await logsFile(file);
    try {
      await work((line) => target.write(line));
    } finally {
      await target.close();
    }
    this.print({ file }, () => `The logs are in ${file}`);
  }
}

/** Sections under headings, as `tail` prints several files. */
function reader(write: (line: string) => void): LogSink {
  let isFirst = true;
  return {
    section(name) {
      write(`${isFirst ? "" : "\n"}==> ${name} <==`);
      isFirst = false;
    },
    line: write,
  };
}
