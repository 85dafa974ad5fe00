import type { DriverOption } from "../contract/driver-option.ts";

/** Options of each driver that has some, by driver; data, read without loading a driver. */
export const driverOptions: Readonly<Record<string, readonly DriverOption[]>> = {};
