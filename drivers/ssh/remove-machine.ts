import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { ConnectSsh } from "../../src/contract/transport.ts";
import { readHostFile, removeHostFile } from "./host-file.ts";
import { accessOf } from "./machine-state.ts";
import { releaseHost } from "./release-host.ts";
import { withHost } from "./with-host.ts";
import { SshDriverError } from "./errors.ts";

/**
 * Removes everything of ours from the host and reports what remains. Rejects with SSH_HOST_UNREACHABLE when the host does not answer: a
 * cluster that still exists there is not forgotten.
 */
export async function removeMachine(connect: ConnectSsh, machine: MachineRef, c: RunContext): Promise<void> {
  const access = accessOf(machine);
  const id = machine.data["id"] ?? "";
  try {
    const remains = await withHost(connect, access, c, (transport) =>
      releaseHost(transport, { id, name: machine.name }, c),
    );
    for (const text of remains) c.notice?.(text);
  } catch (error) {
    c.signal.throwIfAborted();
    if (error instanceof LocalkubeError && unreachable.has(error.id))
      throw new SshDriverError(
        "SSH_HOST_UNREACHABLE",
        { host: access.host, problem: error.message },
        { cause: error, output: error.output ?? "" },
      );
    throw error;
  }
  await removeHostFile(c.host, machine.name);
}

const unreachable: ReadonlySet<string> = new Set(["SSH_UNREACHABLE", "SSH_CONNECTION_LOST"]);

/** From what this computer recorded before the host was touched. */
export async function removeByName(connect: ConnectSsh, name: string, c: RunContext): Promise<void> {
  const file = await readHostFile(c.host, name);
  if (file) await removeMachine(connect, file.ref, c);
}

/** Removes only this computer's file: nothing on the host changes. */
export async function forgetMachine(machine: MachineRef, c: RunContext): Promise<readonly string[]> {
  await removeHostFile(c.host, machine.name);
  const { host } = accessOf(machine);
  return [
    `${host} was not touched: it still carries the cluster's units, files and data, and its note in /var/lib/localkube-host`,
  ];
}
