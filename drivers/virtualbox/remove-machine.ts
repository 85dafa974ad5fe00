import { rm } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { poll } from "../../src/host/poll.ts";
import { hostOnlyOps } from "./network/choose.ts";
import { hostPath, isInside } from "./installation.ts";
import { parseBlocks } from "./output.ts";
import { storage } from "./machine-arguments.ts";
import { machineFiles, othersUse, readPlan } from "./machine-file.ts";
import { machineInfo } from "./machine-state.ts";
import { isInaccessible, isUnknownMachine, vboxmanage, wordsFrom } from "./vboxmanage.ts";

const offMs = 20_000;
const pauseMs = 500;
const letGoMs = 10_000;
/** More than VirtualBox can chain: each pass closes the disks that no longer have a child. */
const mostPasses = 300;

/**
 * Powers the machine off immediately, unregisters it, closes its disks and removes its folder, and the host-only network if no other machine
 * of this state folder uses it. Succeeds when there is none. Rejects with DRIVER_LEFTOVERS, also for files that are still in use after
 * `patienceMs`.
 */
export async function removeMachine(name: string, c: RunContext, patienceMs = letGoMs): Promise<void> {
  const files = machineFiles(c.host, name);
  const plan = await readPlan(c.host, name);
  if (plan) {
    try {
      await unregister(plan.id, c);
      await closeMedia(files.folder, c);
      if (!(await othersUse(plan.hostOnly.cidr, c.host, name)))
        await hostOnlyOps[plan.hostOnly.kind].remove(plan.hostOnly, c);
    } catch (error) {
      c.signal.throwIfAborted();
      if (error instanceof LocalkubeError && error.id === "DRIVER_UNUSABLE") throw error;
      throw leftovers(name, wordsFrom(error), error);
    }
  }
  // Last: its content is needed to find everything else again.
  await removeFolder(name, files.folder, patienceMs, c.signal);
}

/**
 * On Windows nothing that is open can be removed: VirtualBox' service, or a program that scans its files, releases disks and log after a
 * while.
 */
async function removeFolder(
  name: string,
  folder: string,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  let problem = new Error("it was not tried");
  const remove = () =>
    rm(folder, { recursive: true, force: true }).then(
      () => true as const,
      (error: Error) => void (problem = error),
    );
  if (!(await poll(remove, { signal, everyMs: pauseMs, limitMs: patienceMs })))
    throw leftovers(name, `${folder}: ${problem.message}`, problem);
}

/** Not `--delete`: that also deletes a parent, and stops halfway when the parent has another child. */
async function unregister(id: string, c: RunContext): Promise<void> {
  const { signal } = c;
  try {
    const info = await infoOf(id, c);
    if (!isOffNow(info)) {
      await vboxmanage(c.host, ["controlvm", id, "poweroff"], { signal }).catch((error: unknown) => {
        signal.throwIfAborted();
        // It may have ended meanwhile; unregistering will show.
        c.log(`poweroff: ${wordsFrom(error)}`);
      });
      await waitUntilOff(id, c);
    }
    await vboxmanage(c.host, ["unregistervm", id], { signal });
    await closeDisc(info?.get(`${storage.controller}-ImageUUID-${storage.drive}-0`), c);
  } catch (error) {
    signal.throwIfAborted();
    if (!isUnknownMachine(error)) throw error;
  }
}

/** Undefined for a machine whose settings cannot be read: it is not running. */
const infoOf = (id: string, c: RunContext): Promise<ReadonlyMap<string, string> | undefined> =>
  machineInfo(id, c).catch((error: unknown) => {
    if (isInaccessible(error)) return undefined;
    throw error;
  });

/** By its id alone: its description may be the damaged part. One that does not end in time is refused by `unregistervm`. */
async function waitUntilOff(id: string, c: RunContext): Promise<void> {
  const isOff = async () => isOffNow(await infoOf(id, c)) || undefined;
  await poll(isOff, { signal: c.signal, everyMs: pauseMs, limitMs: offMs });
}

/** What was still in the drive belongs to the cache, and may be in another machine's drive too: then it stays in VirtualBox' list. */
async function closeDisc(disc: string | undefined, c: RunContext): Promise<void> {
  if (disc === undefined) return;
  await vboxmanage(c.host, ["closemedium", "dvd", disc], { signal: c.signal }).catch((error: unknown) => {
    c.signal.throwIfAborted();
    c.log(`the ISO image stays in VirtualBox' list: ${wordsFrom(error)}`);
  });
}

const isOffNow = (info: ReadonlyMap<string, string> | undefined): boolean =>
  ["poweroff", "saved", "aborted", "aborted-saved", "teleported"].includes(
    info?.get("VMState") ?? "poweroff",
  );

/** Disks and ISO images of the folder that VirtualBox still has in its registry, children before parents. */
async function closeMedia(folder: string, c: RunContext): Promise<void> {
  const { host, signal } = c;
  const place = await hostPath(folder, host, signal);
  const ours = async (list: string): Promise<readonly ReadonlyMap<string, string>[]> =>
    parseBlocks(await vboxmanage(host, ["list", list], { signal }), "UUID").filter((medium) =>
      isInside(medium.get("Location") ?? "", place),
    );
  const close = async (kind: "disk" | "dvd", medium: ReadonlyMap<string, string>): Promise<void> => {
    const id = medium.get("UUID") ?? "";
    await vboxmanage(host, ["closemedium", kind, id], { signal }).catch(async (error: unknown) => {
      // VirtualBox forgets an unregistered machine's media by itself, a moment after it reported completion.
      const still = await ours(kind === "disk" ? "hdds" : "dvds");
      if (still.some((other) => other.get("UUID") === id)) throw error;
    });
  };
  for (let pass = 0; pass < mostPasses; pass++) {
    const disks = await ours("hdds");
    const parents = new Set(disks.map((medium) => medium.get("Parent UUID")));
    const leaves = disks.filter((medium) => !parents.has(medium.get("UUID")));
    for (const leaf of leaves) await close("disk", leaf);
    if (leaves.length === 0) break;
  }
  for (const disc of await ours("dvds")) await close("dvd", disc);
}

const leftovers = (name: string, output: string, cause?: unknown): LocalkubeError =>
  new LocalkubeError("DRIVER_LEFTOVERS", { driver: "virtualbox", name }, { output, cause });
