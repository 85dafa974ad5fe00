import { packetNote, packetOptions } from "../../drivers/packet/options.ts";
import { sshNote, sshOptions } from "../../drivers/ssh/options.ts";
import type { DriverOption } from "../contract/driver-option.ts";
import { installedDrivers } from "./installed-drivers.ts";

type OptionTable = Readonly<Record<string, readonly DriverOption[]>>;

/** Options of each built-in driver that has some, by driver; data, read without loading a driver. */
export const builtInOptions: OptionTable = { packet: packetOptions, ssh: sshOptions };

/** What the name of a built-in driver does not say, by driver; for help. */
export const builtInNotes: Readonly<Record<string, string>> = { packet: packetNote, ssh: sshNote };

/** Options of the drivers from npm, from their package.json. */
export const installedOptions: OptionTable = Object.fromEntries(
  installedDrivers()
    .filter(({ name, options }) => options.length > 0 && !(name in builtInOptions))
    .map(({ name, options }) => [name, options]),
);

export const driverOptions: OptionTable = { ...builtInOptions, ...installedOptions };
