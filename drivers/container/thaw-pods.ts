import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../src/contract/host.ts";
import { podFunctions } from "../../src/host/pod-processes.ts";
import type { Engine } from "./engine.ts";

/** Where Linux mounts the freezer of cgroup v1; does not exist with only v2, whose frozen processes die when they are killed. */
const freezer = "/sys/fs/cgroup/freezer";

/**
 * Thaws the pods of a paused cluster in the machine so that it can be stopped or removed: on cgroup v1 not even SIGKILL ends a frozen
 * process, and its container never ends. Also works when the machine's own init is dead or does not answer. Rejects only with the signal's
 * reason: if something is still frozen, the engine's own failure shows it.
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
  // Nobody inside answers.
  await thawFromOutside(engine, name, c);
}

/**
 * Thaws what is frozen in the machine's cgroups, also when its container ended with frozen processes in it: they outlive it, and no engine
 * starts or removes such a container. Fine when nothing is frozen. Rejects only with the signal's reason.
 */
export async function thawFromOutside(engine: Engine, name: string, c: RunContext): Promise<void> {
  if (!existsSync(freezer)) return;
  const options = { signal: c.signal, timeoutMs: 10_000, allowFailure: true };
  const failed = (error: unknown): undefined => {
    c.signal.throwIfAborted();
    c.log(`thawing the pods of ${name}: ${String(error)}`);
  };
  // By id, because podman reports no cgroup for a container that has ended.
  const found = await engine
    .run(["inspect", "--type", "container", "--format", "{{.Id}}", name], options)
    .catch(failed);
  const id = found?.stdout.trim() ?? "";
  if (!/^[0-9a-f]{64}$/.test(id)) return;
  for (const folder of await foldersOf(freezer, id)) await thawBelow(folder).catch(failed);
}

/** `libpod_parent/libpod-ID`, `docker/ID`, `machine.slice/libpod-ID.scope` and the like. */
async function foldersOf(root: string, id: string, depth = 4): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const path = join(root, entry.name);
    if (entry.name.includes(id)) found.push(path);
    else if (depth > 1) found.push(...(await foldersOf(path, id, depth - 1)));
  }
  return found;
}

/** Writes THAWED into every freezer in the folder and below; a folder that does not exist is fine. */
export async function thawBelow(folder: string): Promise<void> {
  const file = join(folder, "freezer.state");
  const state = await readFile(file, "utf8").catch(() => "THAWED");
  // Not by rename: it is the kernel's file.
  if (state.trim() !== "THAWED") await writeFile(file, "THAWED");
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await thawBelow(join(folder, entry.name));
}
