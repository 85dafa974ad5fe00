import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Engine } from "./engine.ts";
import { machineState, refuseUnlessSane } from "./machine-state.ts";
import { thawFromOutside, thawPods } from "./thaw-pods.ts";

const marginMs = 30_000;

/**
 * Shuts the container down: systemd gets its signal, and after `graceMs` (rounded up to seconds) the engine kills it. A stopped or absent one
 * is left alone. Rejects with DRIVER_STOP_FAILED when it still runs then, DRIVER_MACHINE_BROKEN when it is in a state not to be touched.
 */
export async function stopMachine(
  engine: Engine,
  name: string,
  c: RunContext & { readonly graceMs: number },
): Promise<void> {
  const state = await machineState(engine, name, c);
  if (state === "absent") return;
  if (state === "stopped") {
    // Killed while the cluster was paused: its processes would remain.
    await thawFromOutside(engine, name, c);
    return;
  }
  refuseUnlessSane(engine, name, state);
  // A frozen process receives no signal.
  if (state === "paused") await engine.change(["unpause", name], { signal: c.signal, timeoutMs: 20_000 });
  await thawPods(engine, name, c);
  const seconds = Math.ceil(c.graceMs / 1000);
  // `-t`, because docker 28 renamed --time to --timeout. The engine itself kills after it; our deadline is for an engine that hangs.
  const result = await engine.change(["stop", "-t", String(seconds), name], {
    signal: c.signal,
    timeoutMs: c.graceMs + marginMs,
    allowFailure: true,
  });
  if (result.exitCode === 0) return;
  const now = await machineState(engine, name, c);
  if (now === "absent" || now === "stopped") return;
  throw new LocalkubeError(
    "DRIVER_STOP_FAILED",
    { driver: engine.dialect.program, name },
    { output: result.stderr.trim() },
  );
}
