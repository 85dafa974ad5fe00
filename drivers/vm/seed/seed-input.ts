import type { MachineSpec } from "../../../src/contract/driver.ts";

/** One network interface of the guest, configured by its MAC: what the kernel calls it does not count. */
export interface SeedInterface {
  /** The name it gets: `eth0`. */
  readonly name: string;
  readonly mac: string;
  /** With prefix: `192.168.70.15/24`. */
  readonly address: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
}

export interface SeedInput extends Pick<MachineSpec, "hostname" | "authorizedKey" | "hostKey"> {
  /** Changes when the machine is made anew; cloud-init runs once per id. */
  readonly instanceId: string;
  readonly interfaces: readonly SeedInterface[];
}
