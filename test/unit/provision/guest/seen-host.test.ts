import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Transport } from "../../../../src/contract/transport.ts";
import { seenHost } from "../../../../src/provision/guest/seen-host.ts";

const { signal } = new AbortController();
const saying = (stdout: string): Pick<Transport, "exec"> => ({
  exec: () => Promise.resolve({ exitCode: 0, stdout, stderr: "" }),
});
const own = [
  { address: "192.0.2.1", network: "192.0.2.1/24" },
  { address: "198.51.100.4", network: "198.51.100.4/25" },
];
const seen = (stdout: string, origin: "created" | "existing" = "created", address = "10.9.0.9") =>
  seenHost(saying(stdout), { origin, address }, signal, own);

describe("this computer as the machine sees it", () => {
  test("an address of its own is where it listens", async () => {
    const near = { address: "192.0.2.1", listen: "192.0.2.1" };
    expect(await seen("peer 192.0.2.1\ngateway 192.0.2.1\n")).toEqual(near);
    expect(await seen("peer ::ffff:192.0.2.1\n", "existing")).toEqual(near);
  });

  test("one in the machine's network comes first, and the machine is not asked", async () => {
    const unasked = { exec: () => Promise.reject(new Error("the machine was asked")) };
    const inNetwork = { origin: "created", address: "198.51.100.9" } as const;
    const near = { address: "198.51.100.4", listen: "198.51.100.4" };
    expect(await seenHost(unasked, inNetwork, signal, own)).toEqual(near);
    const other = await seen("peer 10.0.2.2\ngateway 10.0.2.2\n", "created", "198.51.100.200");
    expect(other).toEqual({ address: "10.0.2.2", listen: "127.0.0.1" });
  });

  test("the gateway of a hypervisor's own network leads to loopback", async () => {
    expect(await seen("peer 10.0.2.2\ngateway 10.0.2.2\n")).toEqual({
      address: "10.0.2.2",
      listen: "127.0.0.1",
    });
  });

  test("a router, a jump host, or nothing is no answer", async () => {
    const router = "peer 10.9.0.1\ngateway 10.9.0.1\n";
    expect(await seen(router, "existing")).toEqual({
      problem: "connections over SSH reach the machine from 10.9.0.1, which is no address of this computer",
    });
    expect(await seen("peer 10.9.0.7\ngateway 10.9.0.1\n")).toHaveProperty("problem");
    expect(await seen("peer \ngateway 10.9.0.1\n")).toHaveProperty("problem");
  });
});

test("the machine's own shell finds the peer in the environment of what runs it, also behind one that hides it", async () => {
  const direct: Pick<Transport, "exec"> = {
    exec: (argv) => {
      const hiding = ["env", "-u", "SSH_CONNECTION", ...argv];
      const stdout = execFileSync("sh", ["-c", '"$@"; exit $?', "sh", ...hiding], {
        encoding: "utf8",
        env: { ...process.env, SSH_CONNECTION: "192.0.2.1 40000 192.0.2.9 22" },
      });
      return Promise.resolve({ exitCode: 0, stdout, stderr: "" });
    },
  };
  expect(await seenHost(direct, { origin: "created", address: "10.9.0.9" }, signal, own)).toEqual({
    address: "192.0.2.1",
    listen: "192.0.2.1",
  });
});
