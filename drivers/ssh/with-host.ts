import type { MachineAccess } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { ConnectSsh, Transport } from "../../src/contract/transport.ts";
import { accessEndpoint } from "../../src/host/ssh-access.ts";

/** A host is up or it is not: nobody waits for it to boot. */
const connectMs = 15_000;

/** Runs `work` as root on the host and closes the connection. Rejects as `ConnectSsh` does. */
export async function withHost<T>(
  connect: ConnectSsh,
  access: MachineAccess,
  c: RunContext,
  work: (transport: Transport) => Promise<T>,
  timeoutMs = connectMs,
): Promise<T> {
  const endpoint = accessEndpoint(access, { hostKey: access.hostKey ?? "" }, c.host);
  const transport = await connect(endpoint, { signal: c.signal, timeoutMs, log: c.log });
  try {
    return await work(transport);
  } finally {
    await transport.close();
  }
}
