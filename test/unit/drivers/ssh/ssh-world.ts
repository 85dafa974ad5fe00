import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { RunContext } from "../../../../src/contract/host.ts";
import { recordingHost } from "../recording-host.ts";

/** A user without SSH keys, agent and known hosts, whose state and home are a folder of the test's; `ssh-keygen` knows no host. */
export function sshWorld(env: Readonly<Record<string, string>> = {}): {
  readonly c: RunContext;
  readonly home: string;
} {
  const home = mkdtempSync(join(tmpdir(), "localkube-ssh-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const { c, host } = recordingHost([], { PATH: "/nowhere", HOME: home, ...env });
  return { c: { ...c, host: { ...host, stateDir: join(home, "state") } }, home };
}
