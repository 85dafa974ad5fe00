import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { hostContext } from "../../../src/host/host-context.ts";
import {
  containsNetwork,
  formatNetwork,
  hostRoutes,
  networkAddress,
  networksOverlap,
  parseIpRoutes,
  parseNetwork,
  parseProcRoutes,
} from "../../../src/host/network.ts";

const network = (text: string) => {
  const parsed = parseNetwork(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

test.each([
  ["10.96.0.0/12", "10.96.0.0/12"],
  ["10.97.3.4/12", "10.96.0.0/12"],
  ["192.168.1.7/32", "192.168.1.7/32"],
  ["0.0.0.0/0", "0.0.0.0/0"],
])("%s is the network %s", (text, expected) => {
  expect(formatNetwork(network(text))).toBe(expected);
});

test.each([
  "",
  "10.96.0.0",
  "10.96/12",
  "10.96.0.0/33",
  "10.96.0.256/24",
  "fd00::/64",
  "10.0.0.0/-1",
  "0x0a.0.0.0/8",
  "1/8",
])("'%s' is no IPv4 network", (text) => expect(parseNetwork(text)).toBeUndefined());

test.each([
  ["10.96.0.0/12", "10.100.0.0/16", true],
  ["10.100.0.0/16", "10.96.0.0/12", true],
  ["10.96.0.0/12", "10.112.0.0/16", false],
  ["10.244.0.0/16", "10.244.0.0/16", true],
  ["0.0.0.0/0", "192.0.2.0/24", true],
])("%s and %s overlap: %s", (a, b, expected) => {
  expect(networksOverlap(network(a), network(b))).toBe(expected);
});

test.each([
  ["10.244.0.0/16", "10.244.3.0/24", true],
  ["10.244.0.0/16", "10.244.0.0/16", true],
  ["10.244.0.0/24", "10.244.0.0/16", false],
  ["10.244.0.0/16", "10.88.0.0/16", false],
  ["10.244.0.0/16", "fd00::/64", false],
])("%s contains %s: %s", (outer, inner, expected) => {
  expect(containsNetwork(outer, inner)).toBe(expected);
});

test("addresses of a network are counted over byte borders", () => {
  expect(networkAddress(network("10.96.0.0/12"), 1)).toBe("10.96.0.1");
  expect(networkAddress(network("10.96.0.0/12"), 10)).toBe("10.96.0.10");
  expect(networkAddress(network("200.1.255.240/28"), 16)).toBe("200.2.0.0");
});

test("routes are read from ip: default, local and IPv6 ones are no networks of another program", () => {
  const json = JSON.stringify([
    { dst: "default", gateway: "192.0.2.1", dev: "eth0", flags: [] },
    { dst: "192.0.2.0/24", dev: "eth0", protocol: "kernel", scope: "link" },
    { dst: "100.100.100.100", dev: "tailscale0", table: "52" },
    { type: "local", dst: "127.0.0.0/8", dev: "lo", table: "local" },
    { type: "blackhole", dst: "198.51.100.0/24" },
    { dst: "fe80::/64", dev: "eth0" },
  ]);
  expect(parseIpRoutes(json)).toEqual([
    { address: "192.0.2.0", prefix: 24, device: "eth0" },
    { address: "100.100.100.100", prefix: 32, device: "tailscale0" },
  ]);
});

test("routes are read from /proc/net/route", () => {
  const text = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    "tun0\t0000600A\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0",
  ].join("\n");
  expect(parseProcRoutes(text)).toEqual([
    { address: "0.0.0.0", prefix: 0, device: "eth0" },
    { address: "192.0.2.0", prefix: 24, device: "eth0" },
    { address: "10.96.0.0", prefix: 12, device: "tun0" },
  ]);
});

test("the host's own routes hold every network of its main table, with and without ip", async () => {
  const host = hostContext();
  const main = parseProcRoutes(await readFile("/proc/net/route", "utf8")).filter(({ prefix }) => prefix >= 8);
  const without = await hostRoutes({ run: () => Promise.reject(new Error("no ip here")) });
  expect(without).toEqual(main);
  expect((await hostRoutes(host)).map(formatNetwork)).toEqual(
    expect.arrayContaining(main.map(formatNetwork)),
  );
});
