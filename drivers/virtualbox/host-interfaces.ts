import { networkInterfaces } from "node:os";
import { type Network, parseNetwork } from "../../src/host/network.ts";

/** IPv4 networks this host's own interfaces are in, on every platform (its routing table is read on Linux alone). */
export const interfaceNetworks = (): readonly Network[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, internal, cidr }) =>
      family === "IPv4" && !internal && cidr !== null ? (parseNetwork(cidr) ?? []) : [],
    );
