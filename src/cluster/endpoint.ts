import type { MachineRef } from "../contract/driver.ts";
import type { SshEndpoint } from "../contract/transport.ts";

/** Drivers forward sshd to loopback; the host key is the one we made and injected. */
export const endpointOf = (machine: MachineRef, identityFile: string, hostKey: string): SshEndpoint => ({
  host: "127.0.0.1",
  port: machine.ports.ssh,
  user: "root",
  identityFile,
  hostKey,
});
