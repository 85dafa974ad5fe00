import { runAttached } from "../../host/run-attached.ts";
import { opensshArgv } from "../../machine/ssh/openssh.ts";
import { type NodeChoice, opensshAccess } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";

export interface ShellRequest extends NodeChoice {
  /** Words of a command, each taken literally; none = a login shell; a single one with blanks or `|;&$…` = a script for sh. */
  readonly words: readonly string[];
  /** All three of our standard streams are the same terminal. */
  readonly onTerminal: boolean;
}

/** Runs a shell or a command in a node's machine on our own streams; returns its exit code, 255 when ssh itself failed. */
export async function shell(request: ShellRequest, context: UseCaseContext): Promise<number> {
  const { endpoint, knownHostsFile } = await opensshAccess(request, context);
  const command = remoteCommand(request.words);
  const argv = opensshArgv(endpoint, {
    knownHostsFile,
    command,
    // With a terminal at both ends Ctrl-C reaches the remote program and editors work; without one, output is unchanged byte for byte.
    ...(command.length > 0 ? { tty: request.onTerminal } : {}),
  });
  return (await runAttached(argv, { signal: context.signal })).exitCode;
}

/** No program name contains a blank or a pipe: such a word can only be meant for a shell, as with ssh itself. */
export function remoteCommand(words: readonly string[]): readonly string[] {
  const [only, ...others] = words;
  const isScript = only !== undefined && others.length === 0 && /[\s|;&<>$`()*?"'\\]/.test(only);
  return isScript ? ["sh", "-c", only] : words;
}
