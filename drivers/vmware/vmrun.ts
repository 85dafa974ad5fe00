import type { RunContext } from "../../src/contract/host.ts";
import { findVmware, type Installation } from "./install/find-vmware.ts";
import { installHint } from "./install/install-hint.ts";
import { VmwareError } from "./errors.ts";

export interface VmrunResult {
  readonly ok: boolean;
  /** Standard output and error; VMware writes its errors to either. */
  readonly text: string;
}

type Context = Pick<RunContext, "host" | "signal">;

const settleMs = 30_000;

/** Queries, and the request that a guest shut down, which stays with the guest: the call only waits for the outcome. */
const mayBeCut = ([verb = "", ...rest]: readonly string[]): boolean =>
  /^(?:list|get|read|check)/.test(verb) || (verb === "stop" && rest.includes("soft"));

/** Rejects with VMWARE_MISSING. */
export async function vmware({ host }: Pick<RunContext, "host">): Promise<Installation> {
  const found = await findVmware(host);
  if (!found) throw new VmwareError("VMWARE_MISSING", installHint(host.platform));
  return found;
}

/**
 * One verb of `vmrun`, always with the product's type. An `Error:` is a failure whatever the exit code. Rejects only when it cannot be run,
 * takes longer than `timeoutMs`, or the signal fires.
 */
export async function vmrun(
  args: readonly string[],
  { host, signal }: Context,
  timeoutMs: number,
): Promise<VmrunResult> {
  const { vmrun: program, product } = await vmware({ host });
  const argv = [program, "-T", product, ...args] as const;
  // Fusion starts a machine without a window only when others may read the files it creates; the words are constant, the rest is argv.
  const whole =
    product === "fusion" ? (["/bin/sh", "-c", 'umask 022; exec "$0" "$@"', ...argv] as const) : argv;
  const { exitCode, stdout, stderr } = await host.run(whole, {
    signal,
    timeoutMs,
    allowFailure: true,
    ...(mayBeCut(args) ? {} : { settleMs }),
  });
  const text = [stdout, stderr]
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join("\n");
  return { ok: exitCode === 0 && !/^Error: /m.test(text), text };
}
