import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { cleanEnvironment, localkube, projectRoot, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

interface Running {
  /** Lines of standard output so far. */
  readonly lines: readonly string[];
  /** Sends SIGINT and resolves with the exit code. */
  end(): Promise<number | null>;
  /** Of standard error. */
  said(): string;
}

/** The dashboard with what it prints first; it ends with the test at the latest. */
async function dashboard(
  home: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const child = spawn(process.execPath, [join(projectRoot, "bin/localkube"), "dashboard", ...args], {
    env: { ...cleanEnvironment(home), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = once(child, "close") as Promise<[number | null]>;
  await vi.waitFor(() => expect(lines.length, said).toBeGreaterThan(0), { timeout: 15_000 });
  return {
    lines,
    said: () => said,
    end: async () => {
      child.kill("SIGINT");
      return (await ended)[0];
    },
  };
}

/** The folder of the page, and what a browser sends that came in. */
async function comeIn(url: string): Promise<{ at: string; cookie: string }> {
  const cookie = (await fetch(url)).headers.get("set-cookie")!.split(";")[0]!;
  return { at: url.replace(/open\/.*$/, ""), cookie };
}

async function firstRows(at: string, cookie: string): Promise<string> {
  const { body } = await fetch(`${at}rows`, { headers: { cookie } });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n\nevent: ") && !text.includes("stopped")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text;
}

const opening = /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{16}\/open\/[\w-]{32}$/;

test("it prints a URL, serves the page with its files, says what is there, and ends by Ctrl-C", async () => {
  const home = await temporaryHome();
  await storeCluster(home, "demo");
  const running = await dashboard(home, ["--url"]);
  expect(running.lines).toEqual([expect.stringMatching(opening)]);
  const { at, cookie } = await comeIn(running.lines[0]!);
  let size = 0;
  const page = await (await fetch(at, { headers: { cookie } })).text();
  for (const [, name] of page.matchAll(/(?:href|src)="([^"]+)"/g)) {
    const file = await fetch(`${at}${name}`, { headers: { cookie } });
    expect(file.status, name).toBe(200);
    size += (await file.arrayBuffer()).byteLength;
  }
  expect(size).toBeGreaterThan(10_000);
  expect(size + page.length).toBeLessThan(200_000);
  // The page is told of the cluster at once, or as soon as its hypervisor has said that there is no machine.
  expect(await firstRows(at, cookie)).toContain('"state":"stopped"');
  expect(await running.end()).toBe(130);
  await expect(fetch(at)).rejects.toThrow();
});

test("the browser gets the URL from a private file, which is gone afterwards", async () => {
  const home = await temporaryHome();
  const browser = join(home, "bin/browser");
  const asked = join(home, "asked");
  await mkdir(dirname(browser));
  await writeFile(browser, `#!/bin/sh\nprintf %s "$*" > "${asked}.new" && mv "${asked}.new" "${asked}"\n`, {
    mode: 0o755,
  });
  const env = { DISPLAY: ":1", BROWSER: browser, TMPDIR: home };
  const running = await dashboard(home, [], env);
  const url = /^(\S+) shows all clusters \(it works once\); Ctrl-C ends it$/.exec(running.lines[0]!)![1]!;
  expect(url).toMatch(opening);
  const words = await vi.waitFor(() => readFile(asked, "utf8"), { timeout: 5000 });
  expect(words).toMatch(/^file:\/\//);
  const file = fileURLToPath(words);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
  expect(await readFile(file, "utf8")).toContain(`url=${url}"`);
  await running.end();
  await expect(stat(dirname(file))).rejects.toThrow("ENOENT");
});

test("the page is read-only unless --write is given", async () => {
  const home = await temporaryHome();
  await storeCluster(home, "demo");
  for (const [args, status] of [
    [["--url"], 403],
    [["--url", "--write"], 202],
  ] as const) {
    const running = await dashboard(home, args);
    const { at, cookie } = await comeIn(running.lines[0]!);
    const answer = await fetch(`${at}addons`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json", origin: new URL(at).origin },
      body: JSON.stringify({ cluster: "demo", addon: "metrics", on: true }),
    });
    expect(answer.status).toBe(status);
    if (status === 202)
      await vi.waitFor(async () => expect(await recordOf(home)).toContain('"metrics"'), 5000);
    else expect(await recordOf(home)).not.toContain('"metrics"');
    await running.end();
  }
});

const recordOf = (home: string): Promise<string> =>
  readFile(join(home, "state/clusters/demo/cluster.json"), "utf8");

test("it prints JSON", async () => {
  const home = await temporaryHome();
  await storeCluster(home, "demo");
  const running = await dashboard(home, ["--url", "--output", "json"]);
  await vi.waitFor(() => expect(running.lines.at(-1)).toBe("}"));
  const result = JSON.parse(running.lines.join("\n")) as { url: string };
  expect(result).toMatchObject({ write: false, port: Number(new URL(result.url).port) });
  await running.end();
});

test("a port that is taken is told with who has it", async () => {
  const home = await temporaryHome();
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { exitCode, stdout, stderr } = await localkube(home, ["dashboard", "--url", "--port", `${port}`]);
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 69, stdout: "" });
  expect(stderr).toMatch(new RegExp(`^Error PORT_IN_USE: .*${port}`));
});
