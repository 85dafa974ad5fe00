import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { systemFailure } from "../contract/errors/system-failure.ts";
import { nearestWord } from "../host/nearest-word.ts";
import { CommandTable } from "./command-table.ts";
import { fullConfig, runningConfig } from "./open-config.ts";
import { requestedOutput } from "./requested-output.ts";
import { resolveCommand } from "./resolve-command.ts";
import { packageJson } from "./package-json.ts";
import {
  flushStreams,
  isOutputError,
  outputFailure,
  outputLost,
  watchStreams,
  watchWarnings,
} from "./standard-streams.ts";

/** As a shell tells a program that SIGPIPE ended. */
const readerLeft = 141;

/** The whole program. Ends the process: open sockets of a use case that failed must not keep it alive. */
export async function main(argv: readonly string[]): Promise<void> {
  watchStreams();
  watchWarnings(argv.includes("--verbose") || Boolean(process.env["LOCALKUBE_VERBOSE"]));
  // What nobody waited for has failed: told like everything else, without the source that Node would print.
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
  // Where standard output is what failed, its reader would see nothing.
  const output = outputLost.aborted ? "text" : requestedOutput(argv, process.env);
  try {
    const { reportFailure } = await import("../output/report-failure.ts");
    process.exitCode = reportFailure(error, { output, streaming: false });
  } catch (unreported) {
    // With too many open files even the code that tells of it cannot be read.
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
