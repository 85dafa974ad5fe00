import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { systemFailure } from "../contract/errors/system-failure.ts";
import { nearestWord } from "../host/nearest-word.ts";
import { CommandTable } from "./command-table.ts";
import { requestedOutput, resolveCommand } from "./command-line.ts";
import { fullConfig, packageJson, runningConfig } from "./open-config.ts";
import {
  flushStreams,
  isOutputError,
  outputFailure,
  outputLost,
  watchStreams,
  watchWarnings,
} from "./standard-streams.ts";

/** The exit code a shell reports for a program ended by SIGPIPE. */
const readerLeft = 141;

/** The whole program. Ends the process explicitly: open sockets of a failed use case must not keep it alive. */
export async function main(argv: readonly string[]): Promise<void> {
  watchStreams();
  watchWarnings(argv.includes("--verbose") || Boolean(process.env["LOCALKUBE_VERBOSE"]));
  // An unhandled rejection: reported like any other error, without the source excerpt that Node would print.
  process.on("uncaughtException", (error) => {
    if (!isOutputError(error)) void report(error, argv).finally(() => process.exit());
  });
  try {
    await dispatch(argv);
  } catch (error) {
    await report(error, argv);
  }
  await flushStreams();
  const failure = outputFailure();
  if (failure === "reader-left") process.exitCode = readerLeft;
  else if (failure) {
    await report(failure, argv);
    await flushStreams();
  }
  process.exit();
}

async function report(error: unknown, argv: readonly string[]): Promise<void> {
  // When standard output itself failed, nobody could read a message there.
  const output = outputLost.aborted ? "text" : requestedOutput(argv, process.env);
  try {
    const { reportFailure } = await import("../output/report-failure.ts");
    process.exitCode = reportFailure(error, { output, streaming: false });
  } catch (unreported) {
    // With too many open files, even the code that reports the error cannot be loaded.
    const { id, message, fix, exitCode } =
      systemFailure(unreported) ?? new LocalkubeError("BUG", { message: String(error) });
    process.stderr.write(`Error ${id}: ${message}\nFix: ${fix}\n`);
    process.exitCode = exitCode;
  }
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
