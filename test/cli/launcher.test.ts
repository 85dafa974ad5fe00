import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { cleanEnvironment, localkube, projectRoot, run, temporaryHome } from "./run-localkube.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

/** The launcher as an older Node sees it: the version is told wrongly before the file runs. */
async function asOldNode(launcher: string, args: readonly string[]) {
  const pretend = join(home, "pretend.cjs");
  await writeFile(pretend, 'Object.defineProperty(process, "version", { value: "v12.22.0" });');
  return run(process.execPath, ["--require", pretend, launcher, ...args], cleanEnvironment(home));
}

async function copyOfLauncher(): Promise<string> {
  await cp(join(projectRoot, "bin"), join(home, "alone/bin"), { recursive: true });
  await cp(join(projectRoot, "package.json"), join(home, "alone/package.json"));
  return join(home, "alone/bin/localkube");
}

test("an older Node hands over to the one that npm installed", async () => {
  const { stdout, exitCode } = await asOldNode(join(projectRoot, "bin/localkube"), ["version", "-o", "json"]);
  expect(exitCode).toBe(0);
  const { version } = JSON.parse(
    await readFile(join(projectRoot, `node_modules/node-linux-${process.arch}/package.json`), "utf8"),
  ) as { version: string };
  expect(JSON.parse(stdout)).toMatchObject({ node: `v${version}` });
  expect((await asOldNode(join(projectRoot, "bin/localkube"), ["nope"])).exitCode).toBe(2);
});

test("an older Node without another says what to do", async () => {
  const { stderr, exitCode } = await asOldNode(await copyOfLauncher(), ["version"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("needs Node.js 22.15 or newer, this is v12.22.0");
  expect(stderr).toContain("npm ci");
});

test("a checkout that is not built says what to do", async () => {
  const { stderr, exitCode } = await run(
    process.execPath,
    [await copyOfLauncher(), "version"],
    cleanEnvironment(home),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toBe(`localkube is not built.\nFix: run \`npm ci\` in ${join(home, "alone")}\n`);
});

test("the launcher's files hold no syntax newer than Node 12", async () => {
  for (const file of ["localkube", "run-with-bundled-node.js"]) {
    const source = await readFile(join(projectRoot, "bin", file), "utf8");
    expect(source.replaceAll(/\/\/.*|\/\*[^]*?\*\/|"[^"\n]*"/g, "")).not.toMatch(
      /\?\.|\?\?|=>|`|\bconst\b|\blet\b|\basync\b/,
    );
  }
});

test("a home that cannot be written costs the cache, not the command", async () => {
  await mkdir(join(home, "state"));
  await writeFile(join(home, "not-a-folder"), "");
  const { exitCode, stderr } = await localkube(home, ["version"], {
    XDG_CACHE_HOME: join(home, "not-a-folder"),
  });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});

test("a closed pipe is no error", async () => {
  const program = `"$0" "$1" completion bash | head -c 1`;
  const args = ["-c", program, process.execPath, join(projectRoot, "bin/localkube")];
  const { stderr, exitCode } = await run("bash", ["-o", "pipefail", ...args], cleanEnvironment(home));
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});
