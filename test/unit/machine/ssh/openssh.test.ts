import { describe, expect, it } from "vitest";
import { knownHostsLine, opensshArgv, scpArgv } from "../../../../src/machine/ssh/openssh.ts";

const endpoint = {
  host: "127.0.0.1",
  port: 2222,
  user: "root",
  identityFile: '/home/a b/100%/"id"',
  hostKey: "ssh-ed25519 AAAA comment",
};

describe("opensshArgv", () => {
  it("pins key and identity, and ends options before the host", () => {
    const argv = opensshArgv(endpoint, { knownHostsFile: "/k", command: ["ls", "a b"] });
    expect(argv[0]).toBe("ssh");
    for (const option of [
      "StrictHostKeyChecking=yes",
      'UserKnownHostsFile="/k"',
      "HostKeyAlgorithms=ssh-ed25519",
      "IdentitiesOnly=yes",
      'IdentityFile="/home/a b/100%%/\\"id\\""',
      "LogLevel=ERROR",
      "ControlMaster=no",
    ])
      expect(argv).toContain(option);
    expect(argv.slice(-7)).toEqual(["-p", "2222", "-l", "root", "--", "127.0.0.1", "exec ls 'a b'"]);
  });
  it("says a word about the terminal only when told", () => {
    const flags = (tty?: boolean) =>
      opensshArgv(endpoint, { knownHostsFile: "/k", ...(tty === undefined ? {} : { tty }) }).filter((word) =>
        /^-[tT]$/.test(word),
      );
    expect([flags(), flags(true), flags(false)]).toEqual([[], ["-t"], ["-T"]]);
  });
});

describe("scpArgv", () => {
  it("keeps local names with a colon local and patterns literal", () => {
    const up = scpArgv(endpoint, { knownHostsFile: "/k", from: { local: "a:b" }, to: { remote: "/tmp/x*" } });
    expect(up.slice(-3)).toEqual(["--", "./a:b", "root@127.0.0.1:/tmp/x*"]);
    const ipv6 = { ...endpoint, host: "::1" };
    const down = scpArgv(ipv6, {
      knownHostsFile: "/k",
      from: { remote: "/tmp/[x]*\\" },
      to: { local: "/y" },
      recursive: true,
    });
    expect(down.slice(-3)).toEqual(["--", "root@[::1]:/tmp/\\[x\\]\\*\\\\", "/y"]);
    expect(down).toContain("-r");
  });
});

it("knownHostsLine names the port unless it is ssh's own", () => {
  expect(knownHostsLine(endpoint)).toBe("[127.0.0.1]:2222 ssh-ed25519 AAAA");
  expect(knownHostsLine({ ...endpoint, port: 22 })).toBe("127.0.0.1 ssh-ed25519 AAAA");
});
