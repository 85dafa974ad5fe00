import { networkInterfaces } from "node:os";
import { type Network, parseNetwork } from "../../src/host/network.ts";

/** IPv4 networks of this host's own interfaces, on every platform (the routing table is read only on Linux). */
export const interfaceNetworks = (): readonly Network[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, internal, cidr }) =>
      family === "IPv4" && !internal && cidr !== null ? (parseNetwork(cidr) ?? []) : [],
    );
