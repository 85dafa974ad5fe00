import { runtimes } from "../../../../src/runtimes/registry.ts";
import { describe, expect, test } from "vitest";
import { createMachine } from "../../../../drivers/ssh/create-machine.ts";
import { hostFiles, readHostFile, writeHostFile } from "../../../../drivers/ssh/host-file.ts";
import type { MachineRef } from "../../../../src/contract/driver.ts";
import type { RunContext } from "../../../../src/contract/host.ts";
import type { ConnectSsh, Transport } from "../../../../src/contract/transport.ts";
import { testSpec } from "../recording-host.ts";
import { sshWorld } from "./ssh-world.ts";

const spec = {
  ...testSpec,
  options: { "ssh-host": "one.test", "ssh-key": "/keys/mine", "ssh-host-key": "ssh-ed25519 AAAAHOST" },
};

/** A host fit for a cluster; what is run there after it was looked at is counted. */
function soundHost(machineId: string, hostname: string) {
  const facts = `clock ${Math.floor(Date.now() / 1000)}
init systemd
hostname ${hostname}
machineId ${machineId}
memoryKiB 4000000
diskKiB 20000000
cgroup cgroup2fs
address 10.0.0.5
routes []
`;
  const host = { commands: 0 };
  const connect: ConnectSsh = (endpoint) =>
    Promise.resolve({
      endpoint,
      exec: () => Promise.resolve({ exitCode: 0, stdout: host.commands++ === 0 ? facts : "", stderr: "" }),
      close: () => Promise.resolve(),
    } as Partial<Transport> as Transport);
  return { host, connect };
}

/** The record of another cluster's host. */
const write = (c: RunContext, name: string, machineId: string, hostname: string) => {
  const ref: MachineRef = {
    driver: "ssh",
    name,
    address: "10.0.0.4",
    addressReachable: true,
    ports: { ssh: 22, api: 20443 },
    access: { host: "other.test", port: 22, user: "root" },
    api: "ssh",
    data: { id: "another" },
  };
  return writeHostFile(c.host, { schema: 1, ref, machineId, hostname });
};

describe("a host that is a copy of one that carries a cluster", () => {
  test.each([
    ["machine-id", "0123", "one", "0123", "other"],
    ["hostname", "0123", "one", "4567", "one"],
    ["hostname", "", "one", "", "one"],
  ])("is told by its %s, and nothing is changed there", async (what, id, hostname, otherId, otherName) => {
    const { c } = sshWorld();
    const { host, connect } = soundHost(id, hostname);
    await write(c, "localkube-other", otherId, otherName);
    const error = await createMachine({ connect, runtimes }, spec, c).catch((one: unknown) => one);
    expect(error).toMatchObject({
      id: "SSH_HOST_TWIN",
      message: `one.test has the same ${what} as the host that runs localkube-other: one is a copy of the other`,
    });
    expect(host.commands, "it was looked at alone").toBe(1);
    expect(await readHostFile(c.host, spec.name)).toBeUndefined();
  });

  test("is none with another machine-id and name, without a machine-id, or after a create that was killed", async () => {
    const { c } = sshWorld();
    await write(c, "localkube-other", "", "other");
    const { host, connect } = soundHost("", "one");
    const m = await createMachine({ connect, runtimes }, spec, c);
    expect(m).toMatchObject({ name: spec.name, address: "10.0.0.5" });
    expect(host.commands).toBe(2);
    expect(await createMachine({ connect: soundHost("", "one").connect, runtimes }, spec, c)).toEqual(m);
    expect(await hostFiles(c.host)).toHaveLength(2);
  });
});
