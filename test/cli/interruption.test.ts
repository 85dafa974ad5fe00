import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { cleanEnvironment, projectRoot, temporaryHome } from "./run-localkube.ts";

const waiting = join(projectRoot, "test/fixtures/cli/waiting-command.ts");

/** Starts a program that says 'waiting' when it can be interrupted. */
async function start(program: string, args: readonly string[]) {
  const child = spawn(program, args, {
    env: cleanEnvironment(await temporaryHome()),
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.stdout += text;
      if (said.stdout.includes("waiting")) resolve();
    });
    void ended.then(() => reject(new Error(`ended early: ${said.stderr}`)));
  });
  return { child, said, ended };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s lets the command clean up and ends with 130",
  async (signal) => {
    const { child, said, ended } = await start(process.execPath, [waiting, "200"]);
    child.kill(signal);
    expect(await ended).toBe(130);
    expect(said.stdout).toBe("waiting\ncleaning\nclean\n");
    expect(said.stderr).toMatch(/^Error INTERRUPTED: /);
  },
);

test("a second signal ends at once; one that comes with the first does not", async () => {
  const { child, said, ended } = await start(process.execPath, [waiting, "20000"]);
  child.kill("SIGINT");
  child.kill("SIGTERM");
  await sleep(1_000);
  expect(child.exitCode).toBeNull();
  const before = performance.now();
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(said.stdout).toBe("waiting\ncleaning\n");
});

test("the launcher passes signals and the exit code of the Node it starts", async () => {
  const program = `require(${JSON.stringify(join(projectRoot, "bin/run-with-bundled-node.js"))})
    .runWithBundledNode(${JSON.stringify(waiting)}, ["200"])`;
  const { child, said, ended } = await start(process.execPath, ["-e", program]);
  child.kill("SIGTERM");
  expect(await ended).toBe(130);
  expect(said.stdout).toBe("waiting\ncleaning\nclean\n");
});
