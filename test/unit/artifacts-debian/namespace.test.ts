import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext, vi } from "vitest";
import { inNamespaces, inRoot } from "../../../src/artifacts/debian/namespace.ts";
import { hostContext } from "../../../src/host/host-context.ts";

const host = hostContext();

async function needRights(test: TestContext): Promise<void> {
  const { exitCode } = await host.run(inNamespaces(host, ["true"]), { allowFailure: true });
  if (exitCode !== 0 && process.env["CI"] !== "true") test.skip("no rights to make namespaces here");
}

/** Ids of the processes with exactly this command line (words end with NUL). */
async function processesOf(commandLine: string): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return ids.filter((_, index) => lines[index] === commandLine);
}

describe("inNamespaces", () => {
  it("asks for a user namespace only when we are not root", () => {
    expect(inNamespaces({ ...host, isRoot: true }, ["true"])).not.toContain("--user");
    expect(inNamespaces({ ...host, isRoot: false }, ["true"])).toEqual(
      expect.arrayContaining(["--user", "--map-auto", "--map-root-user"]),
    );
  });

  it("makes us root and hides mounts from the host", async (test) => {
    await needRights(test);
    const script = "mount -t tmpfs localkube-test /mnt && grep -c localkube-test /proc/mounts && id -u";
    const { stdout } = await host.run(inNamespaces(host, ["sh", "-c", script]));
    expect(stdout).toBe("1\n0\n");
    expect(await readFile("/proc/mounts", "utf8")).not.toContain("localkube-test");
  });

  it("leaves no process behind when its starter is killed", async (test) => {
    await needRights(test);
    const seconds = `86399.${process.pid}`; // found again by this number
    const [program, ...args] = inNamespaces(host, [
      "sh",
      "-c",
      `sleep ${seconds} & echo started; sleep ${seconds}`,
    ]);
    const starter = spawn(
      process.execPath,
      [
        "-e",
        `require("child_process").spawn(${JSON.stringify(program)},${JSON.stringify(args)},{stdio:"inherit"})`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(starter.stdout, "data");
    const running = () => processesOf(`sleep\0${seconds}\0`);
    try {
      // The second one may not have been started yet when the first line arrives.
      await vi.waitFor(async () => expect(await running()).toHaveLength(2), { timeout: 5000 });
    } finally {
      starter.kill("SIGKILL");
    }
    for (let turn = 0; turn < 100 && (await running()).length > 0; turn++) await sleep(50);
    expect(await running()).toEqual([]);
  });
});

describe("inRoot", () => {
  it("passes arguments and variables on as they are, and nothing of ours", async (test) => {
    await needRights(test);
    const odd = `it's "$HOME" \\ *`;
    const argv = inRoot(host, "/", ["sh", "-c", `printf '%s|%s|%s|' "$1" "$ODD" "$PWD"; env`, "sh", odd], {
      cwd: "/usr",
      env: { ODD: odd },
    });
    const { stdout } = await host.run(argv, { env: { LOCALKUBE_TEST_LEAK: "yes" } });
    expect(stdout.startsWith(`${odd}|${odd}|/usr|`)).toBe(true);
    expect(stdout).toContain("HOME=/root");
    expect(stdout).not.toContain("LOCALKUBE_TEST_LEAK");
  });
});
