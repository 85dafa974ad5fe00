import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { identityOf, type MachineRecord, sameHardware } from "./machine-record.ts";

const cleanupMs = 120_000;

export interface Creation {
  readonly driver: string;
  /** The description of the machine that exists, complete or not. */
  readonly found: MachineRecord | undefined;
  /** Whether the hypervisor still has that machine; true where its files are the machine. */
  readonly exists?: boolean;
  /** Removes whatever there is of that name; succeeds when there is nothing. */
  readonly remove: (name: string, c: RunContext) => Promise<void>;
  /** Creates the machine where there is nothing; its description is written last. */
  readonly createFresh: (spec: MachineSpec, c: RunContext) => Promise<MachineRef>;
}

/**
 * Returns the machine that was created from an equal spec, or creates it. What a killed `create` left is removed first, and so is a machine
 * that never ran: neither holds data. Leaves nothing behind when it rejects: with DRIVER_MACHINE_DIFFERS for a machine that has run,
 * DRIVER_CREATE_FAILED when a program of the hypervisor failed, the errors of `createFresh`, or the signal's reason.
 */
export async function createOnce(
  spec: MachineSpec,
  { driver, found, exists = true, remove, createFresh }: Creation,
  c: RunContext,
): Promise<MachineRef> {
  const params = { driver, name: spec.name };
  if (found && exists) {
    if (found.identity === identityOf(spec) && sameHardware(found.hardware, spec)) return found.ref;
    if (found.ran) throw new LocalkubeError("DRIVER_MACHINE_DIFFERS", params);
  }
  await remove(spec.name, c);
  try {
    return await createFresh(spec, c);
  } catch (error) {
    const cleanup = { ...c, signal: AbortSignal.timeout(cleanupMs) };
    await remove(spec.name, cleanup).catch((again: unknown) => c.log(`clean-up failed: ${String(again)}`));
    c.signal.throwIfAborted();
    if (!(error instanceof LocalkubeError) || error.id !== "HOST_COMMAND_FAILED") throw error;
    throw new LocalkubeError("DRIVER_CREATE_FAILED", params, { cause: error, output: error.output ?? "" });
  }
}
