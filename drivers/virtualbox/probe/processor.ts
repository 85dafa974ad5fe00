import type { HostContext } from "../../../src/contract/host.ts";
import { parseBlocks } from "../list-output.ts";
import type { Obstacle } from "./obstacle.ts";

const timeoutMs = 1000;

/**
 * VirtualBox itself reports whether the processor's virtualization is available: it no longer emulates any. An answer that takes too long
 * (VBoxSVC is starting) is no obstacle. ARM hosts always have it.
 */
export async function processorProblem(
  program: string,
  { run, arch }: Pick<HostContext, "run" | "arch">,
): Promise<Obstacle | undefined> {
  if (arch === "arm64") return undefined;
  const said = await run([program, "list", "hostinfo"], { timeoutMs, allowFailure: true }).catch(
    () => undefined,
  );
  const [info] = parseBlocks(said?.stdout ?? "", "Processor supports HW virtualization");
  if (info?.get("Processor supports HW virtualization") !== "no") return undefined;
  return {
    problem: "the processor's virtualization (VT-x, AMD-V) is missing or switched off",
    fix: "Switch it on in the firmware's set-up (often called Intel Virtualization Technology or SVM)",
  };
}
