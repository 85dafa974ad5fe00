import { messageOf } from "../../contract/errors/localkube-error.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostContext } from "../../contract/host.ts";
import { fail, type CheckResult, type CheckStatus, type HostCheck } from "./host-check.ts";
import { hostChecks } from "./host-checks.ts";

export interface CheckReport extends CheckResult {
  readonly id: string;
  readonly title: string;
}

export interface DoctorReport {
  /** The worst status of all checks. */
  readonly status: CheckStatus;
  /** In the order of the checks. */
  readonly checks: readonly CheckReport[];
}

const deadlineMs = 10_000;

/**
 * Runs all host checks and the given ones in parallel. Read-only. Never rejects because of a check: one that throws or does not end
 * within 10 s is reported as failed.
 */
export async function runDoctor(
  host: HostContext,
  extra: readonly HostCheck[] = [],
  options: { readonly deadlineMs?: number } = {},
): Promise<DoctorReport> {
  const limit = options.deadlineMs ?? deadlineMs;
  const checks = await Promise.all([...hostChecks, ...extra].map((check) => runCheck(check, host, limit)));
  const worst = (["fail", "warn"] as const).find((status) => checks.some((check) => check.status === status));
  return { status: worst ?? "ok", checks };
}

async function runCheck(check: HostCheck, host: HostContext, limitMs: number): Promise<CheckReport> {
  const over = new AbortController();
  const late = sleep(limitMs, undefined, { signal: over.signal }).then(() =>
    fail(
      `the check did not end within ${limitMs / 1000} s`,
      "Run localkube doctor again when the host is less busy",
    ),
  );
  late.catch(() => undefined);
  try {
    const result = await Promise.race([check.run(host), late]);
    return { id: check.id, title: check.title, ...result };
  } catch (problem) {
    const detail = `the check itself broke: ${messageOf(problem)}`;
    return { id: check.id, title: check.title, ...fail(detail, "Report this as a bug of localkube") };
  } finally {
    over.abort();
  }
}
