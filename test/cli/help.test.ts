import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, projectRoot, temporaryHome } from "./run-localkube.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

interface Manifest {
  readonly commands: Record<
    string,
    { readonly summary?: string; readonly examples?: unknown[]; readonly flags: object }
  >;
}
const manifest = JSON.parse(await readFile(join(projectRoot, "oclif.manifest.json"), "utf8")) as Manifest;

test("--version and -v print one line", async () => {
  const { version } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as {
    version: string;
  };
  for (const flag of ["--version", "-v"]) {
    const { stdout, exitCode } = await localkube(home, [flag]);
    expect(stdout).toBe(`localkube/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
    expect(exitCode).toBe(0);
  }
});

test("the root help lists the commands and all exit codes, and is the same from the launcher and from the program", async () => {
  const fast = await localkube(home, ["--help"]);
  const full = await localkube(home, ["help"]);
  expect(fast.stdout.trim()).toBe(full.stdout.trim());
  expect((await localkube(home, [])).stdout).toBe(fast.stdout);
  expect((await localkube(home, ["-h"])).stdout).toBe(fast.stdout);
  for (const id of Object.keys(manifest.commands)) expect(fast.stdout).toContain(`  ${id.split(":")[0]} `);
  for (const code of [0, 1, 2, 66, 69, 70, 73, 74, 75, 77, 78, 130])
    expect(fast.stdout).toMatch(new RegExp(`^  ${code} +\\S`, "m"));
});

test.each(Object.keys(manifest.commands))(
  "%s has help with examples, variables and exit codes",
  async (id) => {
    const command = manifest.commands[id];
    expect(command?.summary).toBeTruthy();
    expect(command?.examples?.length).toBeGreaterThan(0);
    const { stdout, stderr, exitCode } = await localkube(home, [...id.split(":"), "--help"]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain("EXAMPLES");
    expect(stdout).toContain("EXIT CODES");
    for (const flag of Object.keys(command?.flags ?? {})) {
      expect(stdout).toContain(`--${flag.startsWith("[no-]") ? flag.slice(5) : flag}`.replace("--", ""));
      expect(stdout).toContain(`LOCALKUBE_${flag.replaceAll("-", "_").toUpperCase()}`);
    }
  },
);

test("a topic alone lists its commands; -h after a command is that command's help", async () => {
  expect((await localkube(home, ["config"])).stdout).toContain("config set");
  expect((await localkube(home, ["config", "set", "-h"])).stdout).toContain("KEY");
  expect((await localkube(home, ["help", "config", "set"])).stdout).toContain("KEY");
});

test("version tells the same in both forms", async () => {
  const text = (await localkube(home, ["version"])).stdout;
  const data = JSON.parse((await localkube(home, ["version", "-o", "json"])).stdout) as Record<
    string,
    string
  >;
  expect(data["node"]).toBe(process.version);
  for (const value of Object.values(data)) expect(text).toContain(value);
});

test("global flags may stand before the command", async () => {
  expect((await localkube(home, ["-o", "json", "--verbose", "version"])).stdout).toMatch(/^\{/);
});
