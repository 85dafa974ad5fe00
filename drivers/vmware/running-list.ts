import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import type { RunContext } from "../../src/contract/host.ts";
import { vmrun } from "./vmrun.ts";

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
