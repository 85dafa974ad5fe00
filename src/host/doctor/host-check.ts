import { readFile } from "node:fs/promises";
import type { HostContext } from "../../contract/host.ts";

export type CheckStatus = "ok" | "warn" | "fail";

export interface CheckResult {
  /** `warn`: it works, but there may be surprises; `fail`: `start` will not succeed. */
  readonly status: CheckStatus;
  /** The finding, one sentence. */
  readonly detail: string;
  /** The one command or action that fixes it; always set when the status is not ok. */
  readonly fix?: string;
}

/** One check of the host. `run` is read-only and never uses the network. */
export interface HostCheck {
  /** Kebab-case, stable: scripts read it. */
  readonly id: string;
  readonly title: string;
  run(host: HostContext): Promise<CheckResult>;
}

export const ok = (detail: string): CheckResult => ({ status: "ok", detail });
export const warn = (detail: string, fix: string): CheckResult => ({ status: "warn", detail, fix });
export const fail = (detail: string, fix: string): CheckResult => ({ status: "fail", detail, fix });

/** Content of a file in /proc or /sys without its final newline; empty when it does not exist or may not be read. */
export async function textOf(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(() => "")).trimEnd();
}
