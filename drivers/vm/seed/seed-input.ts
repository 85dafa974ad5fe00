import type { MachineSpec } from "../../../src/contract/driver.ts";

/** One network interface of the guest, identified by its MAC: the kernel's name for it does not matter. */
export interface SeedInterface {
  /** The name it gets: `eth0`. */
  readonly name: string;
  readonly mac: string;
  /** With prefix length: `192.168.70.15/24`. */
  readonly address: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
}

export interface SeedInput extends Pick<MachineSpec, "hostname" | "authorizedKey" | "hostKey"> {
  /** Changes when the machine is recreated; cloud-init runs once per id. */
  readonly instanceId: string;
  readonly interfaces: readonly SeedInterface[];
}
