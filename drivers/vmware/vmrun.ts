import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import type { RunContext } from "../../src/contract/host.ts";
import { VmwareError } from "./errors.ts";
import { findVmware, type Installation, installHint } from "./installation.ts";

interface VmrunResult {
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

const timeoutMs = 10_000;

/**
 * Whether VMware runs the machine of that .vmx, for this user. Whole lines are compared, with links resolved: one machine's path may begin
 * like another's. Rejects with Error when `vmrun list` fails, or with the runner's errors.
 */
export async function isRunning(vmx: string, c: Pick<RunContext, "host" | "signal">): Promise<boolean> {
  const { ok, text } = await vmrun(["list"], c, timeoutMs);
  if (!ok) throw new Error(text);
  const wanted = await canonical(vmx, c.host.platform);
  const running = await Promise.all(runningIn(text).map((file) => canonical(file, c.host.platform)));
  return running.includes(wanted);
}

/** Parses `Total running VMs: 1` and the paths after it. */
export function runningIn(output: string): readonly string[] {
  const [head = "", ...paths] = output.split(/\r?\n/);
  if (!/^Total running VMs: \d+\s*$/.test(head)) throw new Error(`vmrun list said: ${output}`);
  return paths.filter((path) => path.trim() !== "");
}

async function canonical(file: string, platform: NodeJS.Platform): Promise<string> {
  const real = await realpath(file).catch(() => resolve(file));
  return platform === "win32" ? real.toLowerCase() : real;
}
