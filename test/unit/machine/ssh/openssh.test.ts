import { describe, expect, it } from "vitest";
import { knownHostsText, opensshArgv, scpArgv } from "../../../../src/machine/ssh/openssh.ts";

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
  it("goes through the jump host with its own key and its pinned host key", () => {
    const jump = {
      host: "10.0.0.1",
      port: 22,
      user: "j",
      identityFile: "/j key",
      hostKey: "ecdsa-sha2-nistp256 BBBB",
    };
    const argv = opensshArgv({ ...endpoint, jump }, { knownHostsFile: "/k" });
    const way = argv.find((word) => word.startsWith("ProxyCommand="));
    expect(way).toContain("ssh -F none");
    expect(way).toContain("StrictHostKeyChecking=yes");
    expect(way).toContain("HostKeyAlgorithms=ecdsa-sha2-nistp256");
    expect(way).toContain("'IdentityFile=\"/j key\"'");
    expect(way).toMatch(/-W 127\.0\.0\.1:2222 -p 22 -l j -- 10\.0\.0\.1$/);
    expect(knownHostsText({ ...endpoint, jump })).toBe(
      "[127.0.0.1]:2222 ssh-ed25519 AAAA\n10.0.0.1 ecdsa-sha2-nistp256 BBBB\n",
    );
  });
  it("asks the agent only where it is told to", () => {
    const keyless = { host: "h", port: 22, user: "u", hostKey: "ssh-ed25519 AAAA", agent: "/run/agent" };
    const argv = opensshArgv(keyless, { knownHostsFile: "/k" });
    for (const option of ['IdentityAgent="/run/agent"', "IdentitiesOnly=no", "IdentityFile=none"])
      expect(argv).toContain(option);
    expect(opensshArgv(endpoint, { knownHostsFile: "/k" })).toContain("IdentityAgent=none");
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

it("knownHostsText names the port unless it is ssh's own", () => {
  expect(knownHostsText(endpoint)).toBe("[127.0.0.1]:2222 ssh-ed25519 AAAA\n");
  expect(knownHostsText({ ...endpoint, port: 22 })).toBe("127.0.0.1 ssh-ed25519 AAAA\n");
});
