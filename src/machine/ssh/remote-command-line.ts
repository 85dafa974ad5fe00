import { alreadyRoot, type BecomeRoot } from "./sudo.ts";

/**
 * argv as text for a remote shell (bash, dash, any POSIX shell), run as root: every word is taken literally.
 * `exec` makes the program take the shell's place, so that its process id is the shell's and signals reach it.
 * Throws TypeError for words that no shell can represent (NUL).
 */
export function remoteCommandLine(argv: readonly string[], root: BecomeRoot = alreadyRoot): string {
  if (argv[0] === undefined || argv[0] === "" || argv[0].startsWith("-"))
    throw new TypeError(`not a program: ${JSON.stringify(argv[0])}`);
  if (argv.some((word) => word.includes("\0"))) throw new TypeError("NUL in a remote command");
  return root.wrap(argv);
}
