import type { MachineRef } from "../contract/driver.ts";

/** The API as the host reaches it: the driver's forward on loopback. */
export const apiServerUrl = (machine: MachineRef): string => `https://127.0.0.1:${machine.ports.api}`;
