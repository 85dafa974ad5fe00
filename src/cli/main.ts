import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { nearestWord } from "../host/nearest-word.ts";
import { CommandTable } from "./command-table.ts";
import { fullConfig, runningConfig } from "./open-config.ts";
import { requestedOutput } from "./requested-output.ts";
import { resolveCommand } from "./resolve-command.ts";
import { packageJson } from "./package-json.ts";

/** The whole program. Ends the process: open sockets of a use case that failed must not keep it alive. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await dispatch(argv);
  } catch (error) {
    const { reportFailure } = await import("../output/report-failure.ts");
    process.exitCode = reportFailure(error, { output: requestedOutput(argv, process.env), streaming: false });
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit();
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const table = CommandTable.open(packageJson());
  const request = resolveCommand(argv, new Set(table.commandIDs));
  if (request.kind === "unknown") throw unknownCommand(request.words, table.commandIDs);
  if (request.kind === "help") {
    const { CommandLineHelp } = await import("./help.ts");
    const config = await fullConfig(table);
    return new CommandLineHelp(config, config.pjson.oclif.helpOptions).showHelp([...request.words]);
  }
  const command = await table.findCommand(request.id);
  await command.run([...request.argv], runningConfig(table));
}

function unknownCommand(words: readonly string[], ids: readonly string[]): LocalkubeError {
  const typed = words.join(" ");
  const names = ids.map((id) => id.replaceAll(":", " "));
  const near = [typed, words[0] ?? ""]
    .flatMap((word) => [names.find((name) => word !== "" && name.startsWith(word)), nearestWord(word, names)])
    .find((name) => name !== undefined);
  if (near === undefined) return new LocalkubeError("USAGE_UNKNOWN_COMMAND", { typed });
  return new LocalkubeError("USAGE_MISTYPED_COMMAND", { typed, near });
}

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => (stream.writable ? stream.write("", () => resolve()) : resolve()));
