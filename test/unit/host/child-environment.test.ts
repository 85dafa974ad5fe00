import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, expect, test, vi } from "vitest";
import { childEnvironment } from "../../../src/host/child-environment.ts";
import { runAttached } from "../../../src/host/run-attached.ts";
import { runCommand } from "../../../src/host/run-command.ts";

const root = join(import.meta.dirname, "../../..");
const secrets = [
  "LOCALKUBE_SUDO_PASSWORD",
  "LOCALKUBE_PACKET_TOKEN",
  "PACKET_AUTH_TOKEN",
  "METAL_AUTH_TOKEN",
];

afterEach(() => vi.unstubAllEnvs());

test("a program sees none of our secrets, and everything else", async () => {
  for (const name of secrets) vi.stubEnv(name, "s3cret");
  vi.stubEnv("LOCALKUBE_HOME", "/some/home");
  vi.stubEnv("HTTPS_PROXY", "http://user:proxy@127.0.0.1:1");
  const { stdout } = await runCommand(["env"]);
  expect(stdout).not.toContain("s3cret");
  expect(stdout).toContain("LOCALKUBE_HOME=/some/home\n");
  expect(stdout).toContain("HTTPS_PROXY=");
  const { signal } = new AbortController();
  const attached = await runAttached(["sh", "-c", "env >&2"], { signal, stdin: "ignore", keepStderr: true });
  expect(attached.stderr).not.toContain("s3cret");
  expect(attached.stderr).toContain("LOCALKUBE_HOME=/some/home\n");
});

test("what a caller gives on purpose arrives", async () => {
  const { stdout } = await runCommand(["env"], { env: { LOCALKUBE_PACKET_TOKEN: "given" } });
  expect(stdout).toContain("LOCALKUBE_PACKET_TOKEN=given\n");
});

test("every variable that is read as a secret is one that children do not get", () => {
  const named = globSync("{src,drivers}/**/*.ts", { cwd: root })
    .flatMap((file) => [
      ...readFileSync(join(root, file), "utf8").matchAll(/\b[A-Z][A-Z_]+_(?:TOKEN|PASSWORD)\b/g),
    ])
    .map(([name]) => name)
    .filter((name) => /^(LOCALKUBE|PACKET_AUTH|METAL)_/.test(name));
  expect(new Set(named)).toEqual(new Set(secrets));
  expect(childEnvironment(Object.fromEntries(named.map((name) => [name, "x"])))).toEqual({});
});

test("programs are started in three files only, which all take the secrets out", () => {
  const starters = globSync("{src,drivers}/**/*.ts", { cwd: root })
    .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }))
    .filter(({ text }) =>
      /\bfrom "(?:node:)?(?:child_process|worker_threads|cluster)"|import\("execa"\)/.test(text),
    );
  expect(starters.map(({ file }) => file).sort()).toEqual([
    "src/host/open-browser.ts",
    "src/host/run-attached.ts",
    "src/host/run-command.ts",
  ]);
  for (const { text } of starters) expect(text).toContain("childEnvironment(");
});

test("the tests' own environment is not touched", () => {
  vi.stubEnv("LOCALKUBE_SUDO_PASSWORD", "s3cret");
  childEnvironment(process.env);
  expect(process.env["LOCALKUBE_SUDO_PASSWORD"]).toBe("s3cret");
});
