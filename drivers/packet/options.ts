import type { DriverOption } from "../../src/contract/driver-option.ts";

/** Flags of `start` that only this driver has. Those that only concern this computer's access to the API may change later. */
/** What its name does not say, for the list of drivers. */
export const packetNote = "bare metal";

export const packetOptions: readonly DriverOption[] = [
  {
    name: "packet-endpoint",
    summary: "Address of a Packet-compatible API; the public one ended on 30 June 2026",
    helpValue: "URL",
    change: "client",
  },
  {
    name: "packet-ca-file",
    summary: "Certificates (PEM) of the authority that signed the API's",
    helpValue: "FILE",
    file: true,
    change: "client",
  },
  {
    name: "packet-token-file",
    summary: "File (0600) with the API's token; else PACKET_AUTH_TOKEN or the keychain",
    helpValue: "FILE",
    file: true,
    change: "client",
  },
  {
    name: "packet-project",
    summary: "Project's id or name; needed when the token sees several",
    helpValue: "ID",
    change: "recreate",
  },
  {
    name: "packet-plan",
    summary: "Kind of server, for example c3.small.x86",
    helpValue: "PLAN",
    change: "recreate",
  },
  {
    name: "packet-metro",
    summary: "Metro where the server stands, for example fr",
    helpValue: "CODE",
    change: "recreate",
  },
  {
    name: "packet-facility",
    summary: "Facility where the server stands, instead of a metro",
    helpValue: "CODE",
    change: "recreate",
  },
  {
    name: "packet-os",
    summary: "Operating system: Debian 12 (the default), another systemd Linux, or a Flatcar",
    helpValue: "SLUG",
    change: "recreate",
  },
  {
    name: "packet-billing",
    summary: "Billing cycle: hourly (the default), daily, monthly or yearly",
    helpValue: "CYCLE",
    change: "recreate",
  },
  {
    name: "packet-spot-price-max",
    summary: "Bid for a server of the spot market, in USD an hour; it can be taken away at any time",
    helpValue: "USD",
    change: "recreate",
  },
  {
    name: "packet-hw-reservation",
    summary: "Hardware reservation to use: its id, or next-available",
    helpValue: "ID",
    change: "recreate",
  },
  {
    name: "packet-termination-time",
    summary: "When the provider is to remove the server, for example 2027-01-31T18:00:00Z",
    helpValue: "TIME",
    change: "recreate",
  },
];
