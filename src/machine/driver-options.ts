import { packetOptions } from "../../drivers/packet/options.ts";
import { sshOptions } from "../../drivers/ssh/options.ts";
import type { DriverOption } from "../contract/driver-option.ts";
import { installedDrivers } from "./installed-drivers.ts";

type OptionTable = Readonly<Record<string, readonly DriverOption[]>>;

/** Options of each built-in driver that has some, by driver; data, read without loading a driver. */
export const builtInOptions: OptionTable = { packet: packetOptions, ssh: sshOptions };

/** The same of the drivers from npm, from their package.json. */
export const installedOptions: OptionTable = Object.fromEntries(
  installedDrivers()
    .filter(({ name, options }) => options.length > 0 && !(name in builtInOptions))
    .map(({ name, options }) => [name, options]),
);

export const driverOptions: OptionTable = { ...builtInOptions, ...installedOptions };
