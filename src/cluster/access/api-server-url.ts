import type { MachineRef } from "../../contract/driver.ts";
import { apiServerPort } from "../../provision/node/guest-paths.ts";

/** The API server as this computer reaches it: through a forward or tunnel on loopback, or at the machine's own address. */
export const apiServerUrl = ({ api, address, ports }: MachineRef): string =>
  api === "direct" ? `https://${address}:${apiServerPort}` : `https://127.0.0.1:${ports.api}`;
