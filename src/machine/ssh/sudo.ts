import type { Client } from "ssh2";
import type { ErrorId } from "../../contract/errors/catalogue.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import { shellQuote } from "../../host/run-command.ts";

/** How commands run as root in one machine. */
export interface BecomeRoot {
  /** The command line that runs another one as root: same process group, root's own PATH and home. */
  wrap(argv: readonly string[]): string;
  /** What standard input must begin with; empty when sudo asks for nothing. */
  readonly preamble: string;
}

/** For root's own login. */
export const alreadyRoot: BecomeRoot = { wrap: (argv) => `exec ${shellQuote(argv)}`, preamble: "" };

// sudo sets whatever PATH sudoers says; what runs must be the same for root and for a user.
const asRoot =
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root; export PATH HOME; cd || cd /; exec "$@"';

/**
 * `-k` with a command ignores a cached password and caches none: whether sudo reads a line of our standard input never depends on
 * what the user did before. `-p ''` because the prompt would appear in the command's error output.
 */
const words = {
  withPassword: ["sudo", "-k", "-S", "-p", "", "--"],
  without: ["sudo", "-n", "--"],
  probe: ["sudo", "-k", "-n", "--"],
} as const;

const wrapper =
  (sudo: readonly string[]) =>
  (argv: readonly string[]): string =>
    // Its texts are read, so they must be English.
    `LC_ALL=C; export LC_ALL; exec ${shellQuote([...sudo, "/bin/sh", "-c", asRoot, "sh", ...argv])}`;

/**
 * Finds out, once for a connection, whether sudo asks for a password, and that the one we have is right: it must not be necessary to tell a wrong
 * one from a command's own failure later, nor may sudo read the command's input as further attempts. Rejects with SUDO_PASSWORD_MISSING,
 * SUDO_PASSWORD_WRONG, SUDO_PASSWORD_UNREADABLE, SUDO_NOT_ALLOWED, SUDO_NEEDS_TTY, SUDO_ABSENT or SUDO_FAILED.
 */
export async function becomeRoot(
  endpoint: SshEndpoint,
  client: Client,
  signal: AbortSignal,
): Promise<BecomeRoot> {
  const { sudo } = endpoint;
  if (!sudo) return alreadyRoot;
  const probe = wrapper(words.probe)(["true"]);
  const free = await run(client, probe, "", signal);
  if (free.exitCode === 0) return { wrap: wrapper(words.without), preamble: "" };
  const refusal = refused(free.output);
  if (refusal !== "SUDO_PASSWORD_MISSING") throw failure(refusal, endpoint, free.output);
  const password = await sudo.password();
  if (password === undefined) throw failure(refusal, endpoint, free.output);
  const preamble = `${password}\n`;
  const tried = await run(client, wrapper(words.withPassword)(["true"]), preamble, signal);
  if (tried.exitCode !== 0) throw failure(refused(tried.output), endpoint, tried.output);
  return { wrap: wrapper(words.withPassword), preamble };
}

type Refusal = Extract<ErrorId, `SUDO_${string}`>;

/** What sudo's messages mean (1.8 to 1.9, LC_ALL=C). In this order: a wrong password also ends in "a password is required". */
export function refused(output: string): Refusal {
  if (/sorry, you must have a tty/i.test(output)) return "SUDO_NEEDS_TTY";
  if (/not in the sudoers file|is not allowed to|may not run sudo/i.test(output)) return "SUDO_NOT_ALLOWED";
  if (/incorrect password attempt|sorry, try again|incorrect authentication attempt/i.test(output))
    return "SUDO_PASSWORD_WRONG";
  if (/a password is required|a terminal is required|no password was provided/i.test(output))
    return "SUDO_PASSWORD_MISSING";
  if (/sudo: (command )?not found|sudo.*No such file/i.test(output)) return "SUDO_ABSENT";
  return "SUDO_FAILED";
}

function failure(id: Refusal, { host, user }: SshEndpoint, output: string): LocalkubeError {
  const text = output.trim();
  return new LocalkubeError(id, { host, user }, text === "" ? {} : { output: text });
}

function run(
  client: Client,
  commandLine: string,
  input: string,
  signal: AbortSignal,
): Promise<{ exitCode: number | undefined; output: string }> {
  return new Promise((resolve, reject) => {
    client.exec(commandLine, (error, channel) => {
      if (error) return reject(error);
      let output = "";
      let exitCode: number | undefined;
      const abort = () => {
        channel.close();
        reject(signal.reason as Error);
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      const take = (chunk: Buffer) => (output += chunk.toString("utf8"));
      channel.on("data", take);
      channel.stderr.on("data", take);
      channel.on("exit", (code: number | null) => (exitCode = code ?? undefined));
      channel.once("close", () => {
        signal.removeEventListener("abort", abort);
        resolve({ exitCode, output });
      });
      channel.end(input);
    });
  });
}
