import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Runs a program to its end; resolves with { seconds, stdout, stderr }, rejects with the last of its output when the exit code is not 0 and with the
 * signal's reason when that aborted. In a process group of its own, so that Ctrl-C reaches it from us alone and once.
 * `onLine` gets each line of standard output with the milliseconds since the start.
 */
export function run(argv, { env, signal, onLine, timeoutMs = 600_000, stdin = "ignore" } = {}) {
  signal?.throwIfAborted();
  const begun = performance.now();
  const child = spawn(argv[0], argv.slice(1), { env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const end = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 20_000).unref();
  };
  const deadline = setTimeout(end, timeoutMs);
  signal?.addEventListener("abort", end);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  if (onLine)
    createInterface({ input: child.stdout }).on("line", (line) => onLine(line, performance.now() - begun));
  // A program that ends without reading its input closes the pipe; its exit code tells more.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin === "ignore" ? "" : stdin);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", end);
      if (signal?.aborted) reject(signal.reason);
      else if (code === 0) resolve({ seconds: (performance.now() - begun) / 1000, stdout, stderr });
      else
        reject(
          new Error(`${argv.join(" ")} ended with ${code ?? killedBy}\n${tail(stdout)}\n${tail(stderr)}`),
        );
    });
  });
}

const tail = (text) =>
  text
    .trimEnd()
    .split("\n")
    .slice(-12)
    .map((line) => line.slice(-800))
    .join("\n");
