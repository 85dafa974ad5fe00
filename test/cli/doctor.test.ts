import { expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";

interface Report {
  readonly status: "ok" | "warn" | "fail";
  readonly checks: readonly {
    readonly id: string;
    readonly status: "ok" | "warn" | "fail";
    readonly detail: string;
    readonly fix?: string;
  }[];
}

test("doctor checks host, drivers and leftovers, with a fix for each thing that is not right", async () => {
  const { stdout, stderr, exitCode } = await localkube(await temporaryHome(), ["doctor", "-o", "json"]);
  expect(stderr).toBe("");
  const { status, checks } = JSON.parse(stdout) as Report;
  const ids = checks.map(({ id }) => id);
  for (const id of ["programs", "memory", "disk-space", "driver-podman", "driver-docker", "leftovers"])
    expect(ids).toContain(id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const check of checks) {
    expect(check.detail).not.toBe("");
    expect(check.fix === undefined).toBe(check.status === "ok");
  }
  expect(exitCode).toBe(status === "fail" ? 69 : 0);
  expect(checks.some((check) => check.status === "fail")).toBe(status === "fail");
});

test("without any driver's program it fails, in words and by its exit code", async () => {
  const { stdout, exitCode } = await localkube(await temporaryHome(), ["doctor"], { PATH: "/nonexistent" });
  expect(exitCode).toBe(69);
  expect(stdout).toMatch(/^FAIL {2}Driver podman: podman is not installed\n {6}Fix: .*apt-get install/m);
  expect(stdout).toMatch(/^FAIL {2}Driver docker: /m);
  expect(stdout).toMatch(/\d+ checks: \d+ failed, \d+ with a warning\n$/);
});

test("a state folder that cannot be used is a failed check, not a failed doctor", async () => {
  const home = await temporaryHome();
  const { stdout, exitCode } = await localkube(home, ["doctor", "-o", "json"], {
    LOCALKUBE_HOME: "/dev/null/state",
  });
  const { checks } = JSON.parse(stdout) as Report;
  expect(checks.find(({ id }) => id === "folders")?.status).toBe("fail");
  expect(exitCode).toBe(69);
});
