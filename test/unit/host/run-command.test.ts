import { describe, expect, it } from "vitest";
import { runCommand, shellQuote } from "../../../src/host/run-command.ts";

const took = async (work: Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work.catch(() => undefined);
  return performance.now() - begin;
};
const shell = (script: string, timeoutMs = 30_000, signal?: AbortSignal) =>
  runCommand(["sh", "-c", script], { timeoutMs, ...(signal ? { signal } : {}) });

describe("a host command", () => {
  it("that hangs is ended in time, also when it ignores the first signal", async () => {
    const hangs = shell('trap "" TERM; echo $$; while :; do sleep 1; done', 200);
    await expect(hangs).rejects.toMatchObject({
      id: "HOST_COMMAND_TIMEOUT",
      params: { seconds: 0.2, command: expect.stringContaining("trap") as string },
    });
  });

  it("that hangs does not hold us by a child of its own that has its output", async () => {
    expect(await took(shell("sleep 20 & echo started; sleep 20", 200))).toBeLessThan(8000);
  });

  it("that ended well is not waited for because of a service it left behind", async () => {
    const begin = performance.now();
    expect((await shell("sleep 20 & echo started")).stdout).toBe("started\n");
    expect(performance.now() - begin).toBeLessThan(8000);
  });

  it("is ended by an abort, and rejects with its reason", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("given up")), 100);
    const begin = performance.now();
    await expect(shell("sleep 20 & sleep 20", 30_000, controller.signal)).rejects.toThrow("given up");
    expect(performance.now() - begin).toBeLessThan(8000);
  });

  it("speaks English, with Unix' ends of lines, whatever its host does", async () => {
    const { stdout, stderr } = await shell(
      "printf 'one\\r\\ntwo\\r\\n'; printf 'three\\r\\n' >&2; echo $LANG $LC_ALL",
    );
    expect([stdout, stderr]).toEqual(["one\ntwo\nC C\n", "three\n"]);
  });

  it("that fails tells its last words and code; a missing one its name", async () => {
    await expect(shell("echo first; echo last >&2; exit 3")).rejects.toMatchObject({
      id: "HOST_COMMAND_FAILED",
      output: "last",
      params: { exitCode: 3 },
    });
    await expect(runCommand(["localkube-no-such-program"])).rejects.toMatchObject({
      id: "HOST_COMMAND_NOT_FOUND",
      params: { program: "localkube-no-such-program" },
    });
  });

  it("gets words as they are, and is told so that it can be pasted", async () => {
    const words = ["-x", "two words", 'a "quote"', "it's", "$HOME", "ä\\n"];
    const { stdout } = await runCommand(["printf", "%s\\n", "--", ...words]);
    expect(stdout).toBe(`--\n${words.join("\n")}\n`);
    const again = await shell(`printf '%s\\n' ${shellQuote(words)}`);
    expect(again.stdout).toBe(`${words.join("\n")}\n`);
  });
});
