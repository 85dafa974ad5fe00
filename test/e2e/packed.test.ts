import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import {
  launcher,
  profileOfRun,
  runProgram,
  type Workspace,
  withDefaultAddons,
  workspace,
} from "./kit/workspace.ts";

/** What `npm publish` would upload, installed as a user installs it. Its dependencies come from the registry that npm is set up for. */
describe("the packed program, installed globally", () => {
  const profile = profileOfRun("e2e-packed");
  const driverPackage = join(import.meta.dirname, "../fixtures/localkube-driver-podbox");
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
    user = await workspace(withDefaultAddons);
    prefix = join(user.home, "prefix");
    await npm("pack", join(dirname(launcher), ".."), "--ignore-scripts", "--pack-destination", user.home);
    const [tarball = ""] = (await readdir(user.home)).filter((name) => name.endsWith(".tgz"));
    const options = ["--prefix", prefix, "--prefer-offline", "--no-audit", "--no-fund"];
    await npm("install", "--global", ...options, join(user.home, tarball));
    await npm("pack", driverPackage, "--pack-destination", user.home);
    const driver = join(user.home, "localkube-driver-podbox-1.0.0.tgz");
    await npm("install", "--global", "--offline", ...options, driver);
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

  describe("with a driver from npm", () => {
    const boxed = `${profile}-box`;
    const start = (...args: readonly string[]) =>
      installed("start", "-p", boxed, "--driver", "podbox", "--artifacts", "debian", ...args);

    // Where a test failed; else there is nothing to delete.
    afterAll(async () => void (await installed("delete", "-p", boxed)), 120_000);

    it("has its options in the help and in the errors, and doctor lists it", async () => {
      const help = (await installed("start", "--help")).stdout;
      expect(help).toContain("DRIVER PODBOX FLAGS");
      expect(help).toMatch(/--podbox-label=KEY=VALUE +Additional label of the container/);
      const report = JSON.parse((await installed("doctor", "--output", "json")).stdout) as {
        readonly checks: readonly { readonly id: string; readonly status: string }[];
      };
      expect(report.checks).toContainEqual(expect.objectContaining({ id: "driver-podbox", status: "ok" }));
      expect((await installed("start", "--driver", "nonesuch")).stderr).toMatch(/there are: auto, .*podbox/);
      const foreign = await installed("start", "--driver", "podman", "--podbox-label", "a=b");
      expect(foreign.stderr).toContain("DRIVER_OPTION_FOREIGN");
    });

    it("reports its errors as its own table says, and leaves nothing", async () => {
      const wrong = await start("--podbox-label", "blue");
      expect(wrong.exitCode).toBe(2);
      expect(wrong.stderr).toContain("PODBOX_LABEL_INVALID");
      expect(wrong.stderr).toContain("Write it like --podbox-label team=blue");
      expect((await installed("delete", "-p", boxed)).exitCode).toBe(0);
      expect(await leftovers(user, boxed)).toEqual([]);
    });

    it("starts a cluster on its machine, which stops and starts again, and removes it", async () => {
      const started = await start("--podbox-label", "team=blue");
      expect(started.stderr + started.stdout).toContain("is ready");
      const format = ["--format", '{{index .Config.Labels "team"}}'];
      const label = await runProgram(["podman", "inspect", ...format, `localkube-${boxed}`]);
      expect(label.stdout.trim()).toBe("blue");
      expect((await installed("stop", "-p", boxed)).exitCode).toBe(0);
      expect((await installed("start", "-p", boxed)).exitCode).toBe(0);
      expect(await kubectl(user, boxed)("get", "nodes", "-o", "name")).toBe(`node/${boxed}`);
      expect((await installed("delete", "-p", boxed)).exitCode).toBe(0);
      expect(await leftovers(user, boxed)).toEqual([]);
    });

    it("checks in TypeScript against the published types", async () => {
      const folder = join(prefix, "lib/node_modules/localkube-driver-podbox");
      const tsc = join(dirname(launcher), "../node_modules/.bin/tsc");
      const options = [
        "--ignoreConfig",
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "--types",
        "node",
      ];
      const roots = ["--typeRoots", join(dirname(launcher), "../node_modules/@types")];
      await writeFile(
        join(folder, "check.ts"),
        `import type { CreateDriver, DriverManifest } from "localkube/driver";
         export const manifest: DriverManifest = { apiVersion: 1, summary: "text" };
         export const create: CreateDriver = (kit) => { throw new kit.LocalkubeError("DRIVER_START_FAILED", { name: "m" }); };
         // @ts-expect-error a contract that does not exist
         export const other: DriverManifest = { apiVersion: 2, summary: "text" };`,
      );
      const checked = await runProgram([tsc, ...options, ...roots, join(folder, "check.ts")], {
        timeoutMs: 120_000,
      });
      expect(checked.stdout).toBe("");
      expect(checked.exitCode).toBe(0);
    });

    it("says so when the package is for another version of the contract; other drivers work on", async () => {
      const file = join(prefix, "lib/node_modules/localkube-driver-podbox/package.json");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace('"apiVersion": 1', '"apiVersion": 9'));
      try {
        const refused = await start();
        expect(refused.exitCode).toBe(78);
        expect(refused.stderr).toContain("DRIVER_PACKAGE_VERSION");
        const other = ["start", "-p", boxed, "--driver", "podman", "--artifacts", "debian", "--dry-run"];
        expect((await installed(...other)).exitCode).toBe(0);
        expect((await installed("doctor")).stdout).toContain("version 9");
      } finally {
        await writeFile(file, text);
      }
    });
  });
});
