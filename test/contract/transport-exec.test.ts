import { readFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Transport } from "../../src/contract/transport.ts";
import { eventually, rejection, type TestSshd, testSshd } from "./transport-sshd.ts";

let sshd: TestSshd;
let transport: Transport;
beforeAll(async () => {
  sshd = await testSshd();
  transport = await sshd.connect();
});
afterAll(() => sshd.dispose());

const running = (marker: string) =>
  sshd.descendants().some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(marker);
    } catch {
      return false;
    }
  });

describe("exec takes every word literally", () => {
  const nasty = [
    "plain",
    "",
    " ",
    "two words",
    "it's",
    `"quoted"`,
    "$(echo no)",
    "`echo no`",
    "$HOME",
    "${PATH}",
    "~",
    "*",
    "a\nb",
    "trailing\n",
    "tab\there",
    "back\\slash",
    "\\",
    "!history",
    "-n",
    "--help",
    "a;b|c&d>e<f#g",
    "ünïcødé ☸ 日本",
    "'",
    "''\\''",
    "x=y",
    "\u0001\u007f",
  ];
  it("whatever the word", async () => {
    const { stdout } = await transport.exec(["printf", "%s\\0", ...nasty]);
    expect(stdout.split("\0").slice(0, -1)).toEqual(nasty);
  });
  it("also as the program's name", async () => {
    const error = await rejection(transport.exec(["no $(such) 'program"]));
    expect(error.id).toBe("SSH_COMMAND_FAILED");
    expect(error.params?.["exitCode"]).toBe(127);
  });
  it("and refuses what no shell can carry", async () => {
    await expect(transport.exec(["echo", "a\0b"])).rejects.toThrow(TypeError);
    await expect(transport.exec(["-x"])).rejects.toThrow(TypeError);
  });
});

describe("exec carries streams", () => {
  it("text and bytes as input", async () => {
    expect((await transport.exec(["cat"], { stdin: "grüße\n" })).stdout).toBe("grüße\n");
    expect((await transport.exec(["wc", "-c"], { stdin: new Uint8Array(300_000) })).stdout.trim()).toBe(
      "300000",
    );
  });
  it("no input is empty input", async () => {
    expect((await transport.exec(["wc", "-c"], { timeoutMs: 5000 })).stdout.trim()).toBe("0");
  });
  it("a stream in and a stream out, more than any window", async () => {
    const bytes = 12_000_000;
    let got = 0;
    const slow = new Writable({
      write(chunk: Buffer, _encoding, done) {
        got += chunk.length;
        setImmediate(done);
      },
    });
    const input = Readable.from(
      (function* () {
        for (let sent = 0; sent < bytes; sent += 100_000) yield Buffer.alloc(100_000, 97);
      })(),
    );
    const result = await transport.exec(["cat"], { stdin: input, stdout: slow });
    expect(got).toBe(bytes);
    expect(result.stdout).toBe("");
  });
  it("a command that does not read all its input is no fault", async () => {
    const input = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(100_000, 97);
      })(),
    );
    const { stdout } = await transport.exec(["head", "-c", "3"], { stdin: input });
    expect(stdout).toBe("aaa");
  });
  it("an input that breaks ends the command and rejects with its error", async () => {
    const input = new Readable({
      read() {
        this.push("something");
        this.destroy(new Error("disk on fire"));
      },
    });
    await expect(transport.exec(["sh", "-c", "cat; sleep 71"], { stdin: input })).rejects.toThrow(
      "disk on fire",
    );
    expect(await eventually(() => !running("sleep\x0071"))).toBe(true);
  });
  it("a receiver that breaks ends the command and rejects with its error", async () => {
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no space")) });
    await expect(transport.exec(["yes"], { stdout: full })).rejects.toThrow("no space");
    expect(await eventually(() => !running("yes"))).toBe(true);
  });
  it("lines of both outputs as they appear, whole", async () => {
    const lines: string[] = [];
    const script = "printf 'on'; sleep 0.1; printf 'e\\r\\n'; echo zwölf >&2; printf last";
    const result = await transport.exec(["sh", "-c", script], { onLine: (line) => lines.push(line) });
    expect(lines.toSorted()).toEqual(["last", "one", "zwölf"]);
    expect(result.stderr).toBe("zwölf\n");
  });
  it("but not without an end", async () => {
    const error = await rejection(transport.exec(["yes"], { timeoutMs: 50_000 }));
    expect([error.id, error.output]).toEqual([
      "SSH_COMMAND_FAILED",
      "It wrote more than 64 MiB and was ended.",
    ]);
    expect(await eventually(() => !running("yes"))).toBe(true);
  });
});

describe("exec tells how a command ended", () => {
  it("by its exit code", async () => {
    const error = await rejection(transport.exec(["sh", "-c", "echo out; echo why >&2; exit 3"]));
    expect(error.id).toBe("SSH_COMMAND_FAILED");
    expect(error.params).toMatchObject({ exitCode: 3 });
    expect(error.output).toBe("why");
    const tolerated = await transport.exec(["sh", "-c", "exit 3"], { allowFailure: true });
    expect(tolerated).toEqual({ exitCode: 3, stdout: "", stderr: "" });
  });
  it("by a signal", async () => {
    const error = await rejection(transport.exec(["sh", "-c", "kill -9 $$"]));
    expect(error.params).toMatchObject({ exitCode: "137 (SIGKILL)" });
    expect((await transport.exec(["sh", "-c", "kill $$"], { allowFailure: true })).exitCode).toBe(143);
  });
  it("also when the end comes with the first packet", async () => {
    for (let i = 0; i < 50; i += 1) expect((await transport.exec(["true"])).exitCode).toBe(0);
  });
});

describe("exec ends in time", () => {
  it("at its deadline, and ends the command with its children in the machine", async () => {
    const begin = performance.now();
    const error = await rejection(transport.exec(["sh", "-c", "sleep 72; true"], { timeoutMs: 300 }));
    expect([error.id, error.params?.["seconds"]]).toEqual(["SSH_COMMAND_TIMEOUT", 0.3]);
    expect(performance.now() - begin).toBeLessThan(3000);
    expect(running("sleep\x0072")).toBe(false);
  });
  it("also against a command that will not hear", async () => {
    const script = "trap '' TERM; while :; do sleep 0.1; done # deaf";
    const error = await rejection(transport.exec(["bash", "-c", script], { timeoutMs: 300 }));
    expect(error.id).toBe("SSH_COMMAND_TIMEOUT");
    expect(running("# deaf")).toBe(false);
  });
  it("when the caller gives up", async () => {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(new Error("Ctrl-C")), 200);
    await expect(transport.exec(["sleep", "73"], { signal: giveUp.signal })).rejects.toThrow("Ctrl-C");
    expect(running("sleep\x0073")).toBe(false);
    await expect(transport.exec(["true"], { signal: giveUp.signal })).rejects.toThrow("Ctrl-C");
  });
  it("while it waits for a free channel", async () => {
    const giveUp = new AbortController();
    const held = Array.from({ length: 8 }, () => transport.exec(["sleep", "74"], { signal: giveUp.signal }));
    const error = await rejection(transport.exec(["true"], { timeoutMs: 200 }));
    giveUp.abort(new Error("enough"));
    await Promise.allSettled(held);
    expect(error.id).toBe("SSH_COMMAND_TIMEOUT");
    expect((await transport.exec(["echo", "free"])).stdout).toBe("free\n");
  });
});

describe("exec side by side", () => {
  it("30 at once, never more than 8 in the machine", async () => {
    const dir = `${sshd.dir}/count`;
    const script = `mkdir -p ${dir}; touch ${dir}/$$; ls ${dir} | wc -l; sleep 0.05; rm ${dir}/$$; echo $1`;
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, i) => transport.exec(["sh", "-c", script, "sh", String(i)])),
    );
    const counts = results.map(({ stdout }) => Number(stdout.split("\n")[0]));
    expect(results.map(({ stdout }) => stdout.split("\n")[1])).toEqual(results.map((_, i) => String(i)));
    expect(Math.max(...counts)).toBeLessThanOrEqual(8);
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });
});
