import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { RunContext } from "../../src/contract/host.ts";
import { poll } from "../../src/host/poll.ts";
import type { Engine } from "./engine.ts";

/** As long as an engine's program may take to settle, see engine.ts. */
const limitMs = 30_000;
const everyMs = 200;

/** The engine's commands that change something and end by themselves. */
const changing = ["create", "cp", "rm", "start", "stop", "kill", "volume", "network"];

/**
 * Waits until no program of the engine works on an object of one of these names. A localkube that was killed leaves the one that it had
 * started: it continues, and what it creates appears, or is in use, only when it has ended. After half a minute, or where processes
 * cannot be listed, the call returns all the same. Rejects with the signal's reason.
 */
export async function letOrphansEnd(
  { dialect }: Pick<Engine, "dialect">,
  names: readonly string[],
  c: Pick<RunContext, "host" | "signal" | "log">,
): Promise<void> {
  const running = (): Promise<readonly string[]> => commandsOf(dialect.program, names, c);
  const [first] = await running();
  if (first === undefined) return;
  c.log(`waiting for what an earlier localkube started: ${first}`);
  const look = async (): Promise<true | undefined> => ((await running()).length === 0 ? true : undefined);
  await poll(look, { signal: c.signal, everyMs, limitMs });
}

/** Command lines of the program's running processes that change one of the named objects. */
async function commandsOf(
  program: string,
  names: readonly string[],
  { host, signal }: Pick<RunContext, "host" | "signal">,
): Promise<readonly string[]> {
  const lines = host.platform === "linux" ? await linuxProcesses() : await listedProcesses(host, signal);
  return lines
    .filter(([path = "", ...words]) => {
      const verb = words.find((word) => !word.startsWith("-")) ?? "";
      return (
        basename(path) === program && changing.includes(verb) && words.some((word) => names.includes(word))
      );
    })
    .map((words) => words.slice(0, 4).join(" "));
}

async function linuxProcesses(): Promise<readonly (readonly string[])[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const texts = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(texts)).map((text) => text.split("\0").filter(Boolean));
}

/** Words with spaces are cut, which none of ours that matters contains. */
async function listedProcesses(
  host: RunContext["host"],
  signal: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  if (host.platform === "win32") return [];
  const options = { signal, timeoutMs: 10_000, allowFailure: true };
  const { stdout } = await host.run(["ps", "-axo", "args="], options).catch(() => {
    signal.throwIfAborted();
    return { stdout: "" };
  });
  return stdout.split("\n").map((line) => line.trim().split(/\s+/));
}
