/** What stands behind the provider's devices. */
export interface Machines {
  /** Makes the server with its user data and powers it on; resolves with its address. */
  create(server: ServerInput): Promise<string>;
  powerOn(id: string): Promise<void>;
  powerOff(id: string): Promise<void>;
  reboot(id: string): Promise<void>;
  /** Succeeds when there is none. */
  remove(id: string): Promise<void>;
}

export interface ServerInput {
  readonly id: string;
  readonly hostname: string;
  readonly userdata: string;
  /** OpenSSH public keys that may log in. */
  readonly keys: readonly string[];
}

/** Servers on paper: an address and nothing behind it. */
export function paperMachines(): Machines {
  let count = 0;
  const nothing = () => Promise.resolve();
  return {
    create: () => Promise.resolve(`192.0.2.${(count += 1) + 10}`),
    powerOn: nothing,
    powerOff: nothing,
    reboot: nothing,
    remove: nothing,
  };
}
