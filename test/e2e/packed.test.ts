import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { launcher, profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

/** What `npm publish` would upload, installed as a user installs it. Its dependencies come from the registry that npm is set up for. */
describe("the packed program, installed globally", () => {
  const profile = profileOfRun("e2e-packed");
  let user: Workspace;
  let prefix: string;
  const installed = (...args: readonly string[]) =>
    runProgram([join(prefix, "bin", "localkube"), ...args], { env: { ...user.env }, timeoutMs: 600_000 });
  const npm = async (...args: readonly string[]) => {
    const ran = await runProgram(["npm", ...args], { timeoutMs: 600_000 });
    if (ran.exitCode !== 0) throw new Error(`npm ${args.join(" ")}\n${ran.stdout}\n${ran.stderr}`);
    return ran;
  };

  beforeAll(async () => {
    user = await workspace();
    prefix = join(user.home, "prefix");
    await npm("pack", join(dirname(launcher), ".."), "--ignore-scripts", "--pack-destination", user.home);
    const [tarball = ""] = (await readdir(user.home)).filter((name) => name.endsWith(".tgz"));
    const options = ["--prefix", prefix, "--prefer-offline", "--no-audit", "--no-fund"];
    await npm("install", "--global", ...options, join(user.home, tarball));
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("knows its version, its help and its errors without the sources", async () => {
    expect((await installed("--version")).stdout).toMatch(/^localkube\/\d+\.\d+\.\d+ /);
    expect((await installed("start", "--help")).stdout).toContain("--driver");
    const wrong = await installed("start", "--driver", "nonesuch");
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain("nonesuch");
  });

  it("starts a cluster and removes it without a trace", async () => {
    const started = await installed("start", "-p", profile, "--driver", "podman", "--artifacts", "debian");
    expect(started.stderr + started.stdout).toContain("is ready");
    expect(started.exitCode).toBe(0);
    expect(await kubectl(user, profile)("get", "nodes", "-o", "name")).toBe(`node/${profile}`);
    expect((await installed("delete", "-p", profile)).exitCode).toBe(0);
    expect(await leftovers(user, profile)).toEqual([]);
  });
});
