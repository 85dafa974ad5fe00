import type { MachineAccess, MachineRef, MachineState } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { ConnectSsh } from "../../src/contract/transport.ts";
import { noteFolder } from "./node-paths.ts";
import { withHost } from "./host-access.ts";

const askMs = 8000;

// $1 note folder, $2 id.
const script = `
grep -qx "id=$2" "$1/note" 2>/dev/null || { echo absent; exit 0; }
[ -e "$1/running" ] && echo running || echo stopped
`;

/** The host's own answer; `unknown` when it cannot be asked. */
export async function machineState(
  connect: ConnectSsh,
  machine: MachineRef,
  c: RunContext,
): Promise<MachineState> {
  const answer = await ask(connect, machine, c);
  return typeof answer === "string" ? answer : "unknown";
}

/** Why the host does not answer, or what it answers. */
export async function diagnoseMachine(
  connect: ConnectSsh,
  machine: MachineRef,
  c: RunContext,
): Promise<string> {
  const answer = await ask(connect, machine, c);
  const host = accessOf(machine).host;
  if (typeof answer === "string") return `${machine.name} on ${host} is ${answer}`;
  return [`${machine.name}: ${answer.message}`, answer.output ?? "", answer.fix].filter(Boolean).join("\n");
}

export function accessOf({ access, name }: MachineRef): MachineAccess {
  if (!access) throw new Error(`the record of ${name} does not say how it is reached`);
  return access;
}

async function ask(
  connect: ConnectSsh,
  machine: MachineRef,
  c: RunContext,
): Promise<"absent" | "running" | "stopped" | LocalkubeError> {
  const argv = ["sh", "-c", script, "sh", noteFolder, machine.data["id"] ?? ""] as const;
  try {
    const { stdout } = await withHost(
      connect,
      accessOf(machine),
      c,
      (transport) => transport.exec(argv, { signal: c.signal, timeoutMs: askMs }),
      askMs,
    );
    return stdout.trim() as "absent" | "running" | "stopped";
  } catch (error) {
    c.signal.throwIfAborted();
    if (error instanceof LocalkubeError) return error;
    throw error;
  }
}
