import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../../../src/host/run-command.ts";

/** A program of two moves, of which one alone is half a change. */
const twoMoves = 'echo one >> "$0"; sleep 1; echo two >> "$0"';

describe("a host command that must not be cut between two moves", () => {
  let folder: string;
  let done: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "localkube-settle-"));
    done = join(folder, "done");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const moves = (script: string, rest: object) => runCommand(["sh", "-c", script, done], rest);

  it("is let end after an abort, and the call then rejects with the abort's reason", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("given up")), 200);
    const call = moves(twoMoves, { signal: abort.signal, settleMs: 20_000 });
    await expect(call).rejects.toThrow("given up");
    expect(await readFile(done, "utf8")).toBe("one\ntwo\n");
  });

  it("is let end after its deadline, and what it did then counts", async () => {
    await moves(twoMoves, { timeoutMs: 200, settleMs: 20_000 });
    expect(await readFile(done, "utf8")).toBe("one\ntwo\n");
  });

  it("is ended when it does not end in that time either", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("given up")), 100);
    const begin = performance.now();
    const call = moves("sleep 30", { signal: abort.signal, settleMs: 300 });
    await expect(call).rejects.toThrow("given up");
    await expect(moves("sleep 30", { timeoutMs: 100, settleMs: 300 })).rejects.toMatchObject({
      id: "HOST_COMMAND_TIMEOUT",
    });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it("does not start once the signal was given", async () => {
    const call = moves(twoMoves, { signal: AbortSignal.abort(new Error("too late")), settleMs: 20_000 });
    await expect(call).rejects.toThrow("too late");
    await expect(readFile(done)).rejects.toMatchObject({ code: "ENOENT" });
  });

  // A terminal's Ctrl-C is a SIGINT to the whole process group; SIGKILL to us is what an impatient user does.
  it.each(["SIGINT", "SIGKILL"] as const)("goes on when %s ends the whole process group", async (signal) => {
    const module = new URL("../../../src/host/run-command.ts", import.meta.url).href;
    const argv = JSON.stringify(["sh", "-c", twoMoves, done]);
    const script = `import { runCommand } from ${JSON.stringify(module)};
      await runCommand(${argv}, { settleMs: 20000 });`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      detached: true,
      stdio: "ignore",
    });
    const text = () => readFile(done, "utf8").catch(() => "");
    for (let i = 0; i < 200 && (await text()) === ""; i++) await sleep(50);
    process.kill(-parent.pid!, signal);
    await once(parent, "exit");
    for (let i = 0; i < 60 && !(await text()).includes("two"); i++) await sleep(50);
    expect(await text()).toBe("one\ntwo\n");
  });
});

/** A program whose child holds it up, and which removes its file when it is ended, after a while. */
const cleansUp = `trap 'wait; sleep 3; rm "$0"; exit 1' TERM; echo made > "$0"; sleep 50; echo went on >> "$0"`;

describe("a host command that cleans up after itself", () => {
  let folder: string;
  let made: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "localkube-clean-"));
    made = join(folder, "made");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const there = async (): Promise<boolean> => (await readFile(made, "utf8").catch(() => "")) !== "";

  it("has the time for it after an abort, which its children get too", async () => {
    const abort = new AbortController();
    const call = runCommand(["sh", "-c", cleansUp, made], { signal: abort.signal, cleanUpMs: 20_000 });
    for (let i = 0; i < 200 && !(await there()); i++) await sleep(20);
    const begin = performance.now();
    abort.abort(new Error("given up"));
    await expect(call).rejects.toThrow("given up");
    expect(performance.now() - begin).toBeLessThan(15_000);
    expect(await there()).toBe(false);
  });

  it("has the time for it after its deadline", async () => {
    const call = runCommand(["sh", "-c", cleansUp, made], { timeoutMs: 500, cleanUpMs: 20_000 });
    await expect(call).rejects.toMatchObject({ id: "HOST_COMMAND_TIMEOUT" });
    expect(await there()).toBe(false);
  });

  it("is ended by force, with its children, when that takes too long", async () => {
    const script = `trap "" TERM; (trap "" TERM; sleep 2; echo went on > "$0") & wait; sleep 50`;
    const call = runCommand(["sh", "-c", script, made], { timeoutMs: 200, cleanUpMs: 300 });
    await expect(call).rejects.toMatchObject({ id: "HOST_COMMAND_TIMEOUT" });
    await sleep(2500);
    expect(await there()).toBe(false);
  });
});
