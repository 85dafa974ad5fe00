import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../src/contract/host.ts";
import { podFunctions } from "../../src/host/pod-processes.ts";
import type { Engine } from "./engine.ts";

/** Where Linux mounts the freezer of cgroup v1; not there with v2 alone, whose frozen processes die when they are killed. */
const freezer = "/sys/fs/cgroup/freezer";

/**
 * Thaws the pods of a paused cluster in the machine, so that it can be stopped or removed: on cgroup v1 a frozen process does not even die
 * by SIGKILL, and its container never ends. Works also when the machine's own init is dead or does not answer. Never rejects but for the
 * signal's reason: whatever is still frozen, the engine's own failure tells.
 */
export async function thawPods(engine: Engine, name: string, c: RunContext): Promise<void> {
  const script = `${podFunctions}\nthaw_pods`;
  const argv = ["exec", name, "sh", "-c", script];
  const options = { signal: c.signal, timeoutMs: 10_000, allowFailure: true };
  const failed = (error: unknown): undefined => {
    c.signal.throwIfAborted();
    c.log(`thawing the pods of ${name}: ${String(error)}`);
  };
  const inside = await engine.run(argv, options).catch(failed);
  if (inside?.exitCode === 0) return;
  // Nobody inside to ask: the same from outside, where the engine's containers are in our own cgroups.
  const { stdout } = (await engine
    .run(["inspect", "--type", "container", "--format", engine.dialect.cgroupFormat, name], options)
    .catch(failed)) ?? { stdout: "" };
  const path = stdout.trim();
  if (path.startsWith("/") && !path.includes("..")) await thawBelow(join(freezer, path)).catch(failed);
}

/** Writes THAWED into every freezer of the folder and below; a folder that is not there is fine. */
export async function thawBelow(folder: string): Promise<void> {
  const file = join(folder, "freezer.state");
  const state = await readFile(file, "utf8").catch(() => "THAWED");
  // Not by rename: it is the kernel's file.
  if (state.trim() !== "THAWED") await writeFile(file, "THAWED");
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await thawBelow(join(folder, entry.name));
}
