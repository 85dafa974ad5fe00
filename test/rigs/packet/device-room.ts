import type { Machines } from "./machines.ts";
import { ids, facilities, metros, plans } from "./catalogue.ts";

export interface RigKey {
  readonly id: string;
  readonly label: string;
  readonly key: string;
  readonly tags: readonly string[];
}

export interface RigDevice {
  readonly id: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  state: string;
  percentage: number;
  address?: string;
  readonly events: { readonly type: string; readonly body: string }[];
  /** What still happens to it, one after the other: at each look, or by itself. */
  readonly pending: (() => Promise<void>)[];
  work: Promise<void>;
}

/** Packet's provisioning events. */
const stages = [
  ["provisioning.101", "Provisioning started"],
  ["provisioning.102", "Network configured"],
  ["provisioning.103", "Configuration written, restarting device"],
  ["provisioning.104", "Connected to magic install system"],
  ["provisioning.105", "Server partitions created"],
  ["provisioning.106", "Operating system packages installed"],
  ["provisioning.107", "Server networking interfaces configured"],
  ["provisioning.108", "Cloud-init packages installed and configured"],
  ["provisioning.109", "Installation finished, rebooting server"],
  ["provisioning.110", "Device phoned home and is ready to go"],
] as const;

/** The provider's devices and keys, and what becomes of them. */
export class DeviceRoom {
  readonly devices = new Map<string, RigDevice>();
  readonly keys = new Map<string, RigKey>();
  /** The next device ends in this state instead of `active`. */
  nextEndsAs: string | undefined;
  readonly #machines: Machines;
  readonly #byItself: boolean;
  #count = 0;

  constructor(machines: Machines, byItself: boolean) {
    this.#machines = machines;
    this.#byItself = byItself;
  }

  newId(): string {
    this.#count += 1;
    return `5d1c2b3a-aaaa-4bbb-8ccc-${this.#count.toString().padStart(12, "0")}`;
  }

  add(input: Readonly<Record<string, unknown>>): RigDevice {
    const device: RigDevice = {
      id: this.newId(),
      input,
      createdAt: new Date().toISOString(),
      state: "queued",
      percentage: 0,
      events: [],
      pending: [],
      work: Promise.resolve(),
    };
    this.devices.set(device.id, device);
    const endsAs = this.nextEndsAs;
    this.nextEndsAs = undefined;
    const listed = input["project_ssh_keys"] as readonly string[] | undefined;
    // As the service does it: no list at all means every key of the project.
    const keys = [...this.keys.values()]
      .filter(({ id }) => !listed || listed.includes(id))
      .map(({ key }) => key);
    const stage = (index: number) => async () => {
      const [type, body] = stages[index]!;
      device.state = "provisioning";
      device.percentage = index * 10;
      if (index === 1) {
        const { id } = device;
        const hostname = String(input["hostname"]);
        device.address = await this.#machines.create({
          id,
          hostname,
          userdata: String(input["userdata"]),
          keys,
        });
      }
      if (endsAs !== undefined && index === 4) {
        device.state = endsAs;
        device.events.unshift({
          type: "provisioning.104.99",
          body: "Provisioning failed: disk sda not found",
        });
        device.pending.length = 0;
        return;
      }
      device.events.unshift({ type, body });
      if (index === stages.length - 1) {
        device.percentage = 100;
        device.state = "active";
      }
    };
    this.#later(device, ...stages.map((_, index) => stage(index)));
    return device;
  }

  act(device: RigDevice, type: string): void {
    const { id } = device;
    if (type === "power_off") {
      device.state = "powering_off";
      this.#later(device, async () => {
        await this.#machines.powerOff(id);
        device.state = "inactive";
      });
    } else if (type === "power_on") {
      device.state = "powering_on";
      this.#later(device, async () => {
        await this.#machines.powerOn(id);
        device.state = "active";
      });
    } else this.#later(device, () => this.#machines.reboot(id));
  }

  remove(device: RigDevice): void {
    device.state = "deprovisioning";
    device.pending.length = 0;
    this.#later(device, async () => {
      await this.#machines.remove(device.id);
      this.devices.delete(device.id);
    });
  }

  /** Somebody looks: where nothing happens by itself, the next thing does. */
  async look(device: RigDevice): Promise<void> {
    if (!this.#byItself) await device.pending.shift()?.();
  }

  /** What the API shows of a device. */
  view(device: RigDevice): Record<string, unknown> {
    const { input, address } = device;
    const metro = metros.find(({ code }) => code === input["metro"]);
    const [code] = (input["facility"] ?? []) as readonly string[];
    const pick = (names: readonly string[]) =>
      Object.fromEntries(names.filter((name) => name in input).map((name) => [name, input[name]]));
    return {
      id: device.id,
      href: `/metal/v1/devices/${device.id}`,
      hostname: input["hostname"],
      state: device.state,
      tags: input["tags"],
      provisioning_percentage: device.percentage,
      created_at: device.createdAt,
      plan: plans.find(({ slug }) => slug === input["plan"]),
      ...(metro ? { metro } : {}),
      ...(code ? { facility: facilities.find((facility) => facility.code === code) } : {}),
      project: { href: `/metal/v1/projects/${ids.project}` },
      ...pick(["billing_cycle", "spot_instance", "spot_price_max", "termination_time"]),
      ip_addresses: address
        ? [
            { address: "2001:db8::1", address_family: 6, cidr: 127, public: true, management: true },
            { address: "10.66.0.3", address_family: 4, cidr: 31, public: false, management: true },
            { address, address_family: 4, cidr: 31, public: true, management: true },
          ]
        : [],
    };
  }

  /** All that still happens by itself has happened. */
  async settle(): Promise<void> {
    await Promise.all([...this.devices.values()].map(({ work }) => work));
  }

  #later(device: RigDevice, ...work: (() => Promise<void>)[]): void {
    device.pending.push(...work);
    if (!this.#byItself) return;
    device.work = device.work.then(async () => {
      for (let next = device.pending.shift(); next; next = device.pending.shift()) await next();
    });
    device.work.catch(() => {
      device.state = "failed";
    });
  }
}
