import type { HostContext } from "../../contract/host.ts";

export type CheckStatus = "ok" | "warn" | "fail";

export interface CheckResult {
  /** `warn`: it works, but may surprise; `fail`: `start` will not get through. */
  readonly status: CheckStatus;
  /** What was found, one sentence. */
  readonly detail: string;
  /** The one command or action that mends it; always there when not ok. */
  readonly fix?: string;
}

/** One question about the host. `run` is read-only and never asks anything of the network. */
export interface HostCheck {
  /** Kebab-case, stable: scripts read it. */
  readonly id: string;
  readonly title: string;
  run(host: HostContext): Promise<CheckResult>;
}

export const ok = (detail: string): CheckResult => ({ status: "ok", detail });
export const warn = (detail: string, fix: string): CheckResult => ({ status: "warn", detail, fix });
export const fail = (detail: string, fix: string): CheckResult => ({ status: "fail", detail, fix });
