import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { launcher, type Workspace } from "./workspace.ts";

/** Runs `localkube forward` while `work` runs, which gets the port on loopback; then ends it as Ctrl-C does and returns its exit code. */
export async function whileForwarded(
  { env }: Workspace,
  args: readonly string[],
  work: (port: number) => Promise<void>,
): Promise<number | null> {
  const child = spawn(launcher, ["forward", ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close") as Promise<[number | null]>;
  try {
    const lines = createInterface({ input: child.stdout });
    const first = once(lines, "line") as Promise<[string]>;
    const [line] = await Promise.race([first, ended.then(() => [""] as [string])]);
    await work(Number(/^127\.0\.0\.1:(\d+) leads to /.exec(line)?.[1]));
  } finally {
    child.kill("SIGINT");
  }
  return (await ended)[0];
}
