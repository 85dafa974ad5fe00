import { runtimes } from "../../../../src/runtimes/registry.ts";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import ssh from "../../../../drivers/ssh/index.ts";
import type { ConnectSsh, Transport } from "../../../../src/contract/transport.ts";
import { testSpec } from "../recording-host.ts";
import { sshWorld } from "./ssh-world.ts";

const options = {
  "ssh-host": "one.test",
  "ssh-port": "2222",
  "ssh-user": "alice",
  "ssh-key": "/keys/my key",
  "ssh-host-key": "ssh-ed25519 AAAAHOST",
  "ssh-jump": "bob@jump.test:22",
  "ssh-jump-host-key": "ssh-ed25519 AAAAJUMP",
};
const facts = () => `clock ${Math.floor(Date.now() / 1000)}
init systemd
hostname one
machineId 0123
memoryKiB 4000000
diskKiB 20000000
cgroup cgroup2fs
address 10.0.0.5
routes []
`;

/** Scripts run as root on somebody's host: what is sent there changes deliberately or not at all. */
test("what a machine's life sends to its host", async () => {
  const { c, home } = sshWorld();
  const sent: string[] = [];
  const connect: ConnectSsh = (endpoint, { timeoutMs }) => {
    const { host, port, user, identityFile, hostKey, jump } = endpoint;
    const way = jump ? ` by ${jump.user}@${jump.host}:${jump.port} (${jump.hostKey})` : "";
    sent.push(`== ${user}@${host}:${port} (${hostKey}) with ${identityFile}${way}, within ${timeoutMs} ms`);
    let asked = 0;
    return Promise.resolve({
      endpoint,
      exec: ([program, ...words], { timeoutMs: commandMs } = {}) => {
        sent.push([`$ ${program}, within ${commandMs} ms`, ...words].join("\n"));
        return Promise.resolve({ exitCode: 0, stdout: asked++ === 0 ? facts() : "", stderr: "" });
      },
      close: () => Promise.resolve(),
    } as Partial<Transport> as Transport);
  };
  const driver = ssh(connect, runtimes).open(c.host);
  const m = await driver.create({ ...testSpec, options }, c);
  await driver.start(m, c);
  await driver.state(m, c);
  await driver.stop(m, { ...c, graceMs: 30_000 });
  await driver.remove(m, c);
  const text = sent.join("\n").replaceAll(home, "HOME").replaceAll(`${hostname()}:`, "COMPUTER:");
  expect(text).toMatchSnapshot();
  expect(text).not.toContain("undefined");
});
