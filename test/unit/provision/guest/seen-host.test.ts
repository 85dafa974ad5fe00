import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Transport } from "../../../../src/contract/transport.ts";
import { seenHost } from "../../../../src/provision/guest/seen-host.ts";

const { signal } = new AbortController();
const saying = (stdout: string): Pick<Transport, "exec"> => ({
  exec: () => Promise.resolve({ exitCode: 0, stdout, stderr: "" }),
});
const seen = (stdout: string, origin: "created" | "existing" = "created") =>
  seenHost(saying(stdout), { origin }, signal, ["192.0.2.1", "198.51.100.4"]);

describe("this computer as the machine sees it", () => {
  test("an address of its own is where it listens", async () => {
    const own = { address: "192.0.2.1", listen: "192.0.2.1" };
    expect(await seen("peer 192.0.2.1\ngateway 192.0.2.1\n")).toEqual(own);
    expect(await seen("peer ::ffff:192.0.2.1\n", "existing")).toEqual(own);
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
  expect(await seenHost(direct, { origin: "created" }, signal, ["192.0.2.1"])).toEqual({
    address: "192.0.2.1",
    listen: "192.0.2.1",
  });
});
