import { expect, test } from "vitest";
import { runAttached } from "../../../src/host/run-attached.ts";

const { signal } = new AbortController();
const quiet = { stdin: "ignore", stdout: "ignore", keepStderr: true } as const;

test("the exit code passes through, that of a signal as a shell says it", async () => {
  expect(await runAttached(["sh", "-c", "echo x >&2; exit 7"], { signal, ...quiet })).toEqual({
    exitCode: 7,
    stderr: "x\n",
  });
  expect((await runAttached(["sh", "-c", "kill -9 $$"], { signal, ...quiet })).exitCode).toBe(137);
});

test("the environment is the given one", async () => {
  const env = { PATH: process.env["PATH"], ONLY: "this" };
  const { stderr } = await runAttached(["sh", "-c", 'echo "$ONLY $HOME" >&2'], { signal, env, ...quiet });
  expect(stderr).toBe("this \n");
});

test("an abort ends the program", async () => {
  const startedAt = performance.now();
  const result = await runAttached(["sleep", "60"], { signal: AbortSignal.timeout(200), ...quiet });
  expect(result.exitCode).toBe(143);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("a missing program has a name in the error", async () => {
  await expect(runAttached(["localkube-no-such-program"], { signal, ...quiet })).rejects.toMatchObject({
    id: "HOST_COMMAND_NOT_FOUND",
    params: { program: "localkube-no-such-program" },
  });
});
